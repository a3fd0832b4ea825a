import { DeadlineExceeded } from './deadline.js';
import { RuntimeFailure } from './failure.js';

/** What dockerode throws for an answer with an unexpected status. */
interface EngineError extends Error {
  statusCode: number;
  json?: unknown;
}

/** By shape, not by class: an error of another realm (a vm context, a test environment) is no instance of this one's Error. */
function isError(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string';
}

function isEngineError(error: unknown): error is EngineError {
  return isError(error) && 'statusCode' in error && typeof error.statusCode === 'number';
}

/** The HTTP status the engine answered with, or null where it was no answer at all. */
export function engineStatus(error: unknown): number | null {
  return isEngineError(error) ? error.statusCode : null;
}

/** The engine's own words, for classification and the log only. */
export function engineMessage(error: unknown): string {
  if (isEngineError(error) && typeof error.json === 'object' && error.json !== null && 'message' in error.json) {
    return String(error.json.message);
  }
  return isError(error) ? error.message : String(error);
}

const TRANSPORT_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ENOENT',
  'EACCES',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ABORT_ERR',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

function systemError(error: unknown): { code: string | null; syscall: string | null } {
  if (!isError(error)) return { code: null, syscall: null };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  const syscall = 'syscall' in error && typeof error.syscall === 'string' ? error.syscall : null;
  return { code, syscall };
}

/** Whether the connection failed, so that what the engine did is unknown. Of ENOENT and EACCES, only those of a socket. */
export function isTransportError(error: unknown): boolean {
  if (error instanceof DeadlineExceeded) return true;
  if (isEngineError(error)) return false;
  const { code, syscall } = systemError(error);
  if (code === 'ENOENT' || code === 'EACCES') return syscall === 'connect';
  if (code !== null && TRANSPORT_CODES.has(code)) return true;
  return isError(error) && (error.name === 'AbortError' || /socket hang up|^aborted$/.test(error.message));
}

const DISK_FULL = /no space left on device|disk quota exceeded/i;
const TOO_MANY_CPUS = /range of cpus is from [\d.]+ to ([\d.]+)/i;
/** Server errors that the same request meets again. */
const PERMANENT = /max depth exceeded|no such runtime|unknown runtime|invalid /i;

/** Maps whatever a call threw to the one error of this library. */
export function toFailure(error: unknown): RuntimeFailure {
  if (error instanceof RuntimeFailure) return error;
  const message = engineMessage(error);
  if (systemError(error).code === 'ENOSPC' || DISK_FULL.test(message)) {
    // Trying again at once would only meet the same, with the container frozen for it each time.
    return new RuntimeFailure('disk_full', 'The node has no disk space left.', { retryable: false, cause: error });
  }
  if (isTransportError(error)) {
    return new RuntimeFailure('docker_unavailable', 'The container engine does not answer.', {
      retryable: true,
      cause: error,
    });
  }
  const status = engineStatus(error);
  const cpus = TOO_MANY_CPUS.exec(message)?.[1];
  if (cpus !== undefined) {
    const told = `The node has ${Number(cpus)} CPUs, fewer than the container is to have: ask for less.`;
    return new RuntimeFailure('docker_error', told, { retryable: false, cause: error });
  }
  if (status === 404) return notFound(message, error);
  if (status === 409) return conflict(message, error);
  const retryable = status === null || (status >= 500 && !PERMANENT.test(message)) || status === 429;
  return new RuntimeFailure('docker_error', 'The container engine refused or failed the request.', {
    retryable,
    cause: error,
  });
}

/** Runs a call of the port. */
export async function guard<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw toFailure(error);
  }
}

export async function* guardAll<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* source;
  } catch (error) {
    throw toFailure(error);
  }
}

function notFound(message: string, cause: unknown): RuntimeFailure {
  if (/no such image/i.test(message)) {
    // The image was there when it was ensured, so the whole operation is worth another try.
    return new RuntimeFailure('image_not_found', 'The image is not on the node.', { retryable: true, cause });
  }
  if (/no such container/i.test(message)) {
    return new RuntimeFailure('container_not_found', 'The container does not exist.', { retryable: false, cause });
  }
  return new RuntimeFailure('docker_error', 'Something the container needs is missing on the node.', {
    retryable: true,
    cause,
  });
}

function conflict(message: string, cause: unknown): RuntimeFailure {
  if (/is already in use by container/i.test(message)) {
    return new RuntimeFailure('name_conflict', 'The name belongs to a foreign container.', { retryable: false, cause });
  }
  if (/is not running|is paused|not paused/i.test(message)) {
    return new RuntimeFailure('container_not_running', 'The container does not run.', { retryable: false, cause });
  }
  return new RuntimeFailure('docker_error', 'The container engine is busy with the container.', {
    retryable: true,
    cause,
  });
}

const IMAGE_MISSING =
  /manifest unknown|manifest for .* not found|name unknown|not found: manifest|repository .* not found|pull access denied|requested access to the resource is denied|no matching manifest|unauthorized|authentication required|no basic auth|invalid reference|repository name must be/i;

/** Maps a failed pull, from the answer's status or from an error line within its stream. */
export function pullFailure(ref: string, error: unknown): RuntimeFailure {
  const general = toFailure(error);
  if (general.code !== 'docker_error' && general.code !== 'image_not_found') return general;
  const status = engineStatus(error);
  if (IMAGE_MISSING.test(engineMessage(error)) || (status !== null && [400, 401, 403, 404].includes(status))) {
    return new RuntimeFailure('image_not_found', `There is no image ${ref}, or it may not be pulled.`, {
      retryable: false,
      cause: error,
    });
  }
  return new RuntimeFailure('image_pull_failed', `The image ${ref} could not be pulled.`, {
    retryable: true,
    cause: error,
  });
}

/**
 * Maps a failed start. `exitCode` is what inspect says afterwards: 127 not found, 126 not executable, 128 any other failure of
 * the OCI runtime.
 */
export function startFailure(error: unknown, exitCode: number): RuntimeFailure {
  const general = toFailure(error);
  if (general.code !== 'docker_error') return general;
  const cannotExecute = exitCode === 126 || exitCode === 127;
  if (!cannotExecute && engineStatus(error) !== 400) return general;
  return commandFailure(exitCode === 0 ? 126 : exitCode, error);
}

/** The main process could not be executed. */
export function commandFailure(exitCode: number, cause?: unknown): RuntimeFailure {
  const why = exitCode === 127 ? 'its command was not found' : 'its command cannot be executed';
  return new RuntimeFailure('start_failed', `The container did not start: ${why} (exit code ${exitCode}).`, {
    retryable: false,
    exitCode,
    cause,
  });
}
