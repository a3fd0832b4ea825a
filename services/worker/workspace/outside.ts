import { RuntimeFailure, type Programs } from '#runtime';
import { capture } from './capture.js';
import { HANG_UP } from './scripts.js';
import { exhausted } from './shell-failure.js';

const SCRIPT_MS = 30_000;
/** What our scripts tell: a word, a user, or a process of a run. */
const TOLD = /^(\d+|\d+:\d+|ended|left|told)$/;

/**
 * The lines that a script tells which is run beside a run. `processes_exhausted` where the container has no room for it;
 * fails as `execute` does.
 */
export async function fromOutside(
  programs: Programs,
  containerId: string,
  script: string[],
  user: string,
  ms = SCRIPT_MS,
): Promise<string[]> {
  const argv = ['/bin/sh', '-c', ...script];
  const wanted = { argv, user, last: '\ntold\n' };
  const { stdout, failed } = await capture(programs, containerId, wanted, AbortSignal.timeout(ms));
  const lines = stdout.split('\n').filter((line) => TOLD.test(line));
  if (lines.length > 0) return lines;
  const failure = await failed();
  // A number is a user everywhere: the engine says the same where its own program could not begin another.
  throw failure === null || failure.code === 'user_unknown' ? exhausted() : failure;
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

/** Where the container does not run, nothing runs in it. */
export function hasNone(error: unknown): boolean {
  const codes = ['container_not_found', 'container_not_running', 'program_missing'];
  return error instanceof RuntimeFailure && codes.includes(error.code);
}
