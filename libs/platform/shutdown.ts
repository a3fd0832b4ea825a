import type { Log } from './logger.js';

/** `remainingMs` is how long the step may take; it is let go of after that. */
export type ShutdownStep = (remainingMs: number) => Promise<void> | void;

export interface Shutdown {
  /** Steps run in reverse order of adding: what was opened last is closed first. */
  add(name: string, step: ShutdownStep): void;
  /** Runs all steps, once; later calls get the same promise. True where each ended in time and without error. Never rejects. */
  run(reason?: string): Promise<boolean>;
  /** Takes its handlers off the process. */
  dispose(): void;
}

export interface ShutdownOptions {
  log: Pick<Log, 'info' | 'warn' | 'error' | 'fatal'>;
  /** Bound on all steps together. */
  graceMs?: number;
  /** For tests. */
  host?: Pick<NodeJS.Process, 'on' | 'off'>;
  exit?: (code: number) => void;
}

const DEFAULT_GRACE_MS = 8_000;
/** Kept back for each step that still waits, so that one that hangs leaves time to close the rest. */
const RESERVE_MS = 200;
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Closes a process in order on SIGTERM, SIGINT or an uncaught error, then exits. A second signal exits at once. */
export function createShutdown(options: ShutdownOptions): Shutdown {
  const { log, graceMs = DEFAULT_GRACE_MS, host = process, exit = (code) => process.exit(code) } = options;
  const steps: { name: string; step: ShutdownStep }[] = [];
  let running: Promise<boolean> | undefined;

  async function runSteps(reason: string): Promise<boolean> {
    const endsAt = performance.now() + graceMs;
    let clean = true;
    log.info({ reason, graceMs }, 'shutting down');
    for (let next = steps.pop(); next; next = steps.pop()) {
      const allowedMs = Math.max(0, endsAt - performance.now() - steps.length * RESERVE_MS);
      const fault = await attempt(next.step, allowedMs);
      if (fault === undefined) continue;
      clean = false;
      log.error({ err: fault, step: next.name }, 'a shutdown step failed');
    }
    log.info({ clean }, 'shut down');
    return clean;
  }

  const run = (reason = 'asked to') => (running ??= runSteps(reason));

  function onSignal(signal: 'SIGTERM' | 'SIGINT') {
    if (running) {
      log.warn({ signal }, 'second signal: exiting at once');
      exit(EXIT_CODES[signal]);
      return;
    }
    void run(signal).then((clean) => exit(clean ? 0 : 1));
  }
  function onFault(err: unknown, what: string) {
    log.fatal({ err }, what);
    // A fault while closing must not start over, nor hide the exit that is on its way.
    if (!running) void run(what).then(() => exit(1));
  }
  const handlers = {
    SIGTERM: () => onSignal('SIGTERM'),
    SIGINT: () => onSignal('SIGINT'),
    uncaughtException: (error: unknown) => onFault(error, 'uncaught exception'),
    unhandledRejection: (reason: unknown) => onFault(reason, 'unhandled rejection'),
  };
  for (const [event, handler] of Object.entries(handlers)) host.on(event, handler);

  return {
    add: (name, step) => void steps.push({ name, step }),
    run,
    dispose: () => {
      for (const [event, handler] of Object.entries(handlers)) host.off(event, handler);
    },
  };
}

/** The step's fault: what it threw, or that it took too long. */
async function attempt(step: ShutdownStep, allowedMs: number): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<Error>((resolve) => {
    timer = setTimeout(() => resolve(new Error(`not done within ${Math.round(allowedMs)} ms`)), allowedMs);
  });
  try {
    return await Promise.race([
      Promise.resolve(allowedMs)
        .then(step)
        .then(() => undefined),
      deadline,
    ]);
  } catch (error) {
    return error ?? new Error('failed without a reason');
  } finally {
    clearTimeout(timer);
  }
}
