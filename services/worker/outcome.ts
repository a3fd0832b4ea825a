import { OPERATION_ERROR_CODES, type OperationError, type OperationErrorCode, type Outcome } from '#domain';
import { RuntimeFailure } from '#runtime';

const BACKOFF_FIRST_MS = 500;
const BACKOFF_LAST_MS = 30_000;

/** What the end of an attempt means. Whether to try again is data on the error, never a guess from its text. */
export function outcomeOf(error: unknown, signal: AbortSignal, attempt: number): Outcome {
  if (signal.aborted && signal.reason === 'cancelled') return { outcome: 'cancelled' };
  if (signal.aborted && signal.reason === 'timeout') {
    const message = 'It did not end in the time it has; try it again.';
    return { outcome: 'failed', error: { code: 'deadline_exceeded', message, retryable: true } };
  }
  const backoffMs =
    Math.min(BACKOFF_LAST_MS, BACKOFF_FIRST_MS * 2 ** Math.max(0, attempt - 1)) * (0.5 + Math.random() / 2);
  if (signal.aborted) {
    // This worker stops, which is no fault of the operation.
    const message = 'Its worker was stopped; another takes over.';
    return {
      outcome: 'retry',
      error: { code: 'docker_unavailable', message, retryable: true },
      countsAsAttempt: false,
      backoffMs: 1,
    };
  }
  const described = toOperationError(error);
  if (!described.retryable) return { outcome: 'failed', error: described };
  return { outcome: 'retry', error: described, countsAsAttempt: described.code !== 'docker_unavailable', backoffMs };
}

function toOperationError(error: unknown): OperationError {
  if (error instanceof RuntimeFailure) {
    const code = (OPERATION_ERROR_CODES as readonly string[]).includes(error.code)
      ? (error.code as OperationErrorCode)
      : 'docker_error';
    return { code, message: error.message, retryable: error.retryable };
  }
  return {
    code: 'docker_error',
    message: 'The worker failed in an unforeseen way; its log has the details.',
    retryable: true,
  };
}

/** One line for the log. */
export function describeFailure(error: unknown): string {
  if (error instanceof RuntimeFailure) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : 'unknown failure';
}
