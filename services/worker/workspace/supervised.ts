import { RuntimeFailure, type Program, type Programs, type TakeOutput } from '#runtime';
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { capture } from './capture.js';
import { exhausted, missingDirectory, shellFailure } from './shell-failure.js';
import { RUN_VARIABLE } from './processes.js';
import { END_RUN, HANG_UP, SUPERVISE } from './scripts.js';
import { newMark, Trailer } from './trailer.js';

/** What is to be run in a container. */
export interface Command {
  argv: string[];
  env: Record<string, string>;
  cwd?: string | undefined;
  user?: string | undefined;
  /** All of its input; none where it is left out. */
  stdin?: string | Buffer | undefined;
}

export interface Supervised {
  /** What `take` hands on of its output. Ends with the program, even where something that it began holds its output open. */
  output: Readable;
  /** How it ended; known once `output` has ended. Null where its container or the engine went away under it. */
  ended(): Promise<Ended | null>;
  /** Ends it and all that it has begun. */
  kill(): void;
}

export interface Ended {
  exitCode: number;
}

/** How long a kill may take before the connection is given up. Milliseconds. */
const KILL_MS = 15_000;

/**
 * Runs a program so that nothing of it outlives its time or its caller: see SUPERVISE. `container_not_running` and the
 * like as `execute`; `directory_missing` where it cannot run in `cwd`.
 */
export async function supervise(
  programs: Programs,
  containerId: string,
  command: Command,
  take: TakeOutput,
  signal: AbortSignal,
): Promise<Supervised> {
  const run = randomUUID();
  const mark = newMark();
  const input = command.stdin === undefined || command.stdin.length === 0 ? null : escaped(command.stdin);
  const program = await programs.execute(
    containerId,
    {
      argv: [
        '/bin/sh',
        '-c',
        SUPERVISE,
        'sh',
        mark,
        run,
        command.cwd ?? '',
        input === null ? '' : 'piped',
        ...command.argv,
      ],
      env: { ...command.env, [RUN_VARIABLE]: run },
      user: command.user,
    },
    signal,
  );
  const ends = { stdout: new Trailer(mark), stderr: new Trailer(mark) };
  let killing: NodeJS.Timeout | null = null;
  const kill = (): void => {
    if (killing) return;
    program.stdin.end();
    killing = setTimeout(() => program.close(), KILL_MS).unref();
  };
  if (input !== null) program.stdin.write(`${input}\n`);
  if (signal.aborted) kill();
  signal.addEventListener('abort', kill, { once: true });

  const output = program.output(
    (stream, piece, hand) => {
      const bytes = ends[stream].take(piece);
      if (bytes.length > 0) take(stream, bytes, hand);
      // Both were announced: nothing more is to come, whoever holds the connection open.
      if (ends.stdout.told !== null && ends.stderr.told !== null) program.finish();
    },
    (hand) => {
      for (const stream of ['stdout', 'stderr'] as const) {
        const rest = ends[stream].end();
        if (rest.length > 0) take(stream, rest, hand);
      }
    },
  );
  output.once('close', () => {
    signal.removeEventListener('abort', kill);
    if (killing) clearTimeout(killing);
    program.close();
  });
  return {
    output,
    kill,
    ended: async () => {
      const told = ends.stdout.told;
      if (told === null) return unannounced(programs, containerId, program, command);
      if (told === 'cwd') throw missingDirectory(command.cwd ?? '');
      const [code, left] = told.split(',');
      if (left !== undefined) await endRun(programs, containerId, run);
      return { exitCode: Number(code) };
    },
  };
}

/** Ends whatever is left of a run, of all users. `processes_exhausted` where the container has no room for that. */
export async function endRun(programs: Programs, containerId: string, run: string): Promise<void> {
  const end = (user: string): Promise<string[]> => fromOutside(programs, containerId, [END_RUN, 'sh', run], user);
  const users = new Set((await end('0')).filter((line) => /^\d+$/.test(line)));
  for (const user of users) await end(user);
}

/** Sends the hangup of a terminal to whatever is left of a run. False where nothing is. */
export async function hangUp(programs: Programs, containerId: string, run: string): Promise<boolean> {
  return (await fromOutside(programs, containerId, [HANG_UP, 'sh', run], '0')).includes('told');
}

/**
 * Whether a program can run in it. Tells at once that a container is ending, which the engine still calls running
 * when what ran in it is dead already.
 */
export async function isAlive(programs: Programs, containerId: string): Promise<boolean> {
  try {
    return (await fromOutside(programs, containerId, ['echo told', 'sh'], '0')).length > 0;
  } catch (error) {
    return error instanceof RuntimeFailure && error.code === 'container_paused';
  }
}

/** The lines that a script tells. */
async function fromOutside(programs: Programs, containerId: string, script: string[], user: string): Promise<string[]> {
  const argv = ['/bin/sh', '-c', ...script];
  const { stdout, failed } = await capture(programs, containerId, { argv, user });
  const lines = stdout.split('\n').filter((line) => /^(\d+|ended|left|told)$/.test(line));
  if (lines.length > 0) return lines;
  throw (await failed()) ?? exhausted();
}

/** Without an announcement the supervisor never began, or was ended with its container. */
export async function unannounced(
  programs: Programs,
  containerId: string,
  program: Program,
  { user }: Pick<Command, 'user'>,
): Promise<null> {
  const failure = await shellFailure(programs, containerId, program, user);
  if (failure) throw failure;
  return null;
}

/** For `printf %b`, in one line. */
function escaped(input: string | Buffer): string {
  let text = '';
  for (const byte of Buffer.from(input)) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x5c;
    text += plain ? String.fromCharCode(byte) : `\\0${byte.toString(8).padStart(3, '0')}`;
  }
  return text;
}
