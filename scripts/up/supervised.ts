import type { ChildProcess } from 'node:child_process';
import { endsWithin } from '../engines/process.js';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** One that ran this long had started well: its next failure is a new one. */
const SETTLED_MS = 30_000;

export interface Supervised {
  readonly name: string;
  /** How often it has ended by itself. */
  readonly falls: number;
  /** No restart from here on. Resolves with whether it ended in time. */
  end(signal: NodeJS.Signals, waitMs: number): Promise<boolean>;
}

/** Keeps a process running: whenever it ends by itself, it is launched again, after a pause that doubles. */
export async function supervise(options: {
  name: string;
  launch: () => Promise<ChildProcess>;
  onFall: (how: string, pauseMs: number, falls: number) => void;
}): Promise<Supervised> {
  const { name, launch, onFall } = options;
  let ending: NodeJS.Signals | undefined;
  let falls = 0;
  let pauseMs = FIRST_PAUSE_MS;
  let timer: NodeJS.Timeout | undefined;
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const launchedAt = Date.now();
    const next = await launch();
    child = next;
    next.once('exit', (code, signal) =>
      fall(launchedAt, signal ? `was ended by ${signal}` : `ended with code ${code}`),
    );
    // Stopping may have begun while it was being launched.
    if (ending) next.kill(ending);
  };
  const fall = (launchedAt: number, how: string): void => {
    if (ending) return;
    falls += 1;
    if (Date.now() - launchedAt > SETTLED_MS) pauseMs = FIRST_PAUSE_MS;
    const pause = pauseMs;
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    onFall(how, pause, falls);
    timer = setTimeout(() => {
      start().catch((error: unknown) => fall(Date.now(), `does not start (${String(error)})`));
    }, pause);
  };

  await start();
  return {
    name,
    get falls() {
      return falls;
    },
    async end(signal, waitMs) {
      ending = signal;
      clearTimeout(timer);
      if (!child || child.exitCode !== null || child.signalCode !== null) return true;
      child.kill(signal);
      return endsWithin(child, waitMs);
    },
  };
}
