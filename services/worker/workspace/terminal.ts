import {
  RuntimeFailure,
  type ContainerRuntime,
  type Program,
  type Programs,
  type RuntimeFailureCode,
  type TerminalSize,
} from '#runtime';
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { RUN_VARIABLE } from './processes.js';
import { isAlive } from './outside.js';
import type { TerminalRuns } from './terminal-runs.js';

const LINE_FEED = 0x0a;
/** The engine may tell the end of a program a moment after the end of its output. Milliseconds. */
const EXIT_MS = 5_000;
const EXIT_POLL_MS = 20;
const THAW_POLL_MS = 200;
const INSPECT_MS = 10_000;
/** What the kernel and the engine tell of a program that ended with its container. */
const KILLED = 137;
/** What the engine says instead of beginning a program. */
const NOT_BEGUN: ReadonlySet<RuntimeFailureCode> = new Set([
  'container_paused',
  'container_not_running',
  'container_not_found',
]);

/**
 * Begins once a line comes: not before the terminal has its size, which the engine gives it only when it runs. The
 * program, or a login shell, takes the place of this one.
 */
const BEGIN = `IFS= read -r __berth_go
cd /data 2>/dev/null
unset __berth_go OLDPWD
if [ $# -eq 0 ]; then
  if command -v bash >/dev/null 2>&1; then set -- bash -l; else set -- sh -l; fi
fi
exec "$@"`;

export interface TerminalSpec {
  /** A login shell where it is left out. */
  command?: string | string[] | undefined;
  size: TerminalSize;
  env: Record<string, string>;
}

export interface Terminal {
  /** What `shape` makes of each piece that the program shows. Ends with it. */
  output: Readable;
  /** Calls back when it has gone on towards the program, which sees the last size by then. */
  write(bytes: Buffer, taken: () => void): void;
  /** Of several at once, the last one stays. */
  resize(size: TerminalSize): void;
  /** Once `output` has ended: its exit code, or null where its container ended under it. */
  ended(): Promise<number | null>;
  /** Hangs up, then ends the program and all that it has begun. Where that cannot be done now, it is done later. */
  end(): Promise<void>;
}

interface TerminalParts {
  runtime: Pick<ContainerRuntime, 'inspect'> & Programs;
  runs: TerminalRuns;
}

/**
 * Begins a program in a terminal of its own, noted so that it ends even where this process is killed. Fails as `execute`
 * does, with `program_missing` where the image has no shell, and `processes_exhausted` where it could not begin.
 */
export async function openTerminal(
  { runtime, runs }: TerminalParts,
  containerId: string,
  { command, size, env }: TerminalSpec,
  shape: (piece: Buffer) => Buffer,
  signal: AbortSignal,
): Promise<Terminal> {
  if (!(await runtime.hasPath(containerId, '/bin/sh', signal))) throw shellMissing();
  const run = randomUUID();
  const argv = command === undefined ? [] : typeof command === 'string' ? ['sh', '-c', command] : command;
  await runs.note(run, containerId);
  const opening = new AbortController();
  const abort = (): void => opening.abort();
  signal.addEventListener('abort', abort, { once: true });
  let program: Program;
  try {
    program = await runtime.execute(
      containerId,
      {
        argv: ['/bin/sh', '-c', BEGIN, 'sh', ...argv],
        env: { TERM: 'xterm-256color', ...env, [RUN_VARIABLE]: run },
        terminal: size,
      },
      opening.signal,
    );
  } catch (error) {
    if (error instanceof RuntimeFailure && NOT_BEGUN.has(error.code)) await runs.forget(run);
    else void runs.end(run, containerId);
    throw error;
  } finally {
    // From here on it is hung up first, which takes its connection.
    signal.removeEventListener('abort', abort);
  }
  let began = false;
  const output = program.output((_stream, piece, hand) => {
    if (began) return hand(shape(piece));
    // The terminal shows the line that it is given to begin with.
    const end = piece.indexOf(LINE_FEED);
    if (end < 0) return;
    began = true;
    if (end + 1 < piece.length) hand(shape(piece.subarray(end + 1)));
  });
  // Who has gone while it was opened hears of no error.
  output.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => output.once('close', resolve));
  program.stdin.write('\n');
  /** False where its container stands still, and takes no size. */
  const isSized = (next: TerminalSize): Promise<boolean> =>
    program.resize(next).then(
      () => true,
      async () => (await inspected(runtime, containerId))?.engineState !== 'paused',
    );
  // Input and sizes reach the engine on different connections, and are put in order here.
  let wanted = size;
  let sized = Promise.resolve();
  return {
    output,
    write: (bytes, taken) => void sized.then(() => program.stdin.write(bytes, (error) => void (error ?? taken()))),
    resize: (next) => {
      wanted = next;
      sized = sized.then(async () => {
        // A later size makes this one needless.
        while (wanted === next && !output.closed && !(await isSized(next))) await delay(THAW_POLL_MS);
      });
    },
    ended: async () => {
      await runs.forget(run);
      return exitCode(program, runtime, containerId);
    },
    end: async () => {
      // Nobody reads any more: what it still shows must not keep it from ending.
      output.resume();
      await runs.end(run, containerId, closed);
      program.close();
    },
  };
}

async function exitCode(program: Program, runtime: TerminalParts['runtime'], containerId: string) {
  const until = Date.now() + EXIT_MS;
  for (;;) {
    const code = await program.exitCode().catch(() => null);
    if (code === KILLED) return (await isAlive(runtime, containerId)) ? code : null;
    if (code !== null || Date.now() > until || !(await isUp(runtime, containerId))) return code;
    await delay(EXIT_POLL_MS);
  }
}

async function isUp(runtime: TerminalParts['runtime'], containerId: string): Promise<boolean> {
  const container = await inspected(runtime, containerId);
  return container?.engineState === 'running' || container?.engineState === 'paused';
}

function inspected(runtime: TerminalParts['runtime'], containerId: string) {
  return runtime.inspect(containerId, AbortSignal.timeout(INSPECT_MS)).catch(() => null);
}

function shellMissing(): RuntimeFailure {
  return new RuntimeFailure('program_missing', 'The image has no /bin/sh, which begins every terminal.', {
    retryable: false,
  });
}
