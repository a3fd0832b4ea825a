import { RuntimeFailure, type Program, type Programs, type TakeOutput } from '#runtime';
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { hasNone } from './outside.js';
import { RUN_VARIABLE } from './processes.js';
import type { RunEnds } from './run-ends.js';
import { SUPERVISE } from './scripts.js';
import { missingDirectory, shellFailure } from './shell-failure.js';
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
  /** False where nobody announced it: it may have ended with its container. */
  isTold: boolean;
}

/** How long its own watcher may take to end it, before that is done from outside. Milliseconds. */
const INSIDE_MS = 5_000;
/** How long a snapshot may hold a container still. */
const THAW_MS = 120_000;
const THAW_POLL_MS = 200;
/** What the kernel tells of a program that was killed. */
const KILLED = 137;

/** What runs programs, and ends what is left of them. */
export interface Supervision {
  programs: Programs;
  ends: Pick<RunEnds, 'end'>;
}

/**
 * Runs a program so that nothing of it outlives its time or its caller: see SUPERVISE. `container_not_running` and the
 * like as `execute`; `directory_missing` where it cannot run in `cwd`.
 */
export async function supervise(
  { programs, ends: outside }: Supervision,
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
  let ending: Promise<void> | null = null;
  const kill = (): void => {
    if (killing) return;
    program.stdin.end();
    killing = setTimeout(() => {
      ending = endFromOutside(outside, containerId, run);
      ending.then(
        () => {
          program.finish();
          program.close();
        },
        () => program.close(),
      );
    }, INSIDE_MS).unref();
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
      // Not before its container is what it was.
      if (ending && (await isDone(ending))) return { exitCode: KILLED, isTold: true };
      if (told === null) {
        const exitCode = await program.exitCode().catch(() => null);
        if (exitCode === null || !isSignalled(exitCode)) return unannounced(programs, containerId, program, command);
        // Its supervisor was killed, by itself maybe: where its container runs on, nothing of it may.
        if (!(await isDone(outside.end(containerId, run)))) return null;
        return { exitCode, isTold: false };
      }
      if (told === 'cwd') throw missingDirectory(command.cwd ?? '');
      const [code, left, ...known] = told.split(',');
      if (left !== undefined) await outside.end(containerId, run, { known });
      return { exitCode: Number(code), isTold: true };
    },
  };
}

/** From outside, what its own watcher could not end. One that a snapshot holds still is waited for. */
async function endFromOutside(ends: Pick<RunEnds, 'end'>, containerId: string, run: string): Promise<void> {
  const until = Date.now() + THAW_MS;
  for (;;) {
    try {
      return await ends.end(containerId, run, { hasResisted: true });
    } catch (error) {
      const isPaused = error instanceof RuntimeFailure && error.code === 'container_paused';
      if (!isPaused || Date.now() > until) throw error;
      await delay(THAW_POLL_MS);
    }
  }
}

/** What a shell tells of a program that a signal has ended. */
const isSignalled = (exitCode: number): boolean => exitCode > 128 && exitCode <= 128 + 64;

/** False where the container ended meanwhile. Fails as the end of the run does. */
async function isDone(ending: Promise<void>): Promise<boolean> {
  try {
    await ending;
    return true;
  } catch (error) {
    if (hasNone(error)) return false;
    throw error;
  }
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
