import { RuntimeFailure, type Program, type Programs } from '#runtime';

const LOOK_MS = 15_000;

/** Why a shell of ours did not begin; null where it did, and went with its container. */
export async function shellFailure(
  programs: Programs,
  containerId: string,
  program: Program,
  user: string | undefined,
): Promise<RuntimeFailure | null> {
  const code = await program.exitCode().catch(() => null);
  if (code === null || code === 137) return null;
  if (!(await programs.hasPath(containerId, '/bin/sh', AbortSignal.timeout(LOOK_MS)))) {
    return new RuntimeFailure('program_missing', 'The image has no /bin/sh, which runs every command here.', {
      retryable: false,
    });
  }
  if (user !== undefined && code === 126) return unknownUser(user);
  return exhausted();
}

const EXHAUSTED =
  'The command could not begin: the container may have used up its limit of processes. End some, or restart it.';

export function exhausted(): RuntimeFailure {
  return new RuntimeFailure('processes_exhausted', EXHAUSTED, { retryable: true });
}

function unknownUser(user: string): RuntimeFailure {
  return new RuntimeFailure('user_unknown', `The container has no user ${user}.`, { retryable: false });
}

export function missingDirectory(cwd: string): RuntimeFailure {
  return new RuntimeFailure('directory_missing', `The container has no directory ${cwd} that may be entered.`, {
    retryable: false,
  });
}
