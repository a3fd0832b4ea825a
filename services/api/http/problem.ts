import { CATALOGUE, type Problem, type ProblemCode } from '#contracts';
import { Refusal, type RefusalExtra } from '#domain';
import { IdempotencyRefusal } from '#operations';
import { DatabaseFault } from '#persistence';
import { z } from 'zod';

/** An error that carries its own answer. `detail` is for the caller, and holds nothing from inside. */
export class ApiError extends Error {
  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly options: { errors?: { path: string; message: string }[]; extra?: RefusalExtra } = {},
  ) {
    super(detail);
    this.name = 'ApiError';
  }
}

/** Any error as the one the caller may see; null where it is a fault of ours. */
export function toApiError(error: unknown): ApiError | null {
  if (error instanceof ApiError) return error;
  if (error instanceof Refusal) return new ApiError(error.code, error.message, { extra: error.extra });
  if (error instanceof IdempotencyRefusal) return new ApiError(error.code, CATALOGUE[error.code].hint);
  if (error instanceof DatabaseFault && error.kind === 'unavailable') {
    return new ApiError('unavailable', CATALOGUE.unavailable.hint);
  }
  if (error instanceof z.ZodError) return validationError(error);
  return fromFramework(error);
}

export function validationError(error: z.ZodError, prefix: string[] = []): ApiError {
  const errors = error.issues.flatMap((issue) => {
    const path = [...prefix, ...issue.path.map(String)];
    // Each unknown member by its own name, so that it can be found.
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'is not known here' }));
    }
    return [{ path: path.join('.'), message: issue.message }];
  });
  const shown = errors.slice(0, 20);
  const first = shown[0];
  const detail = first ? `${first.path || 'body'}: ${first.message}` : 'The request is malformed.';
  return new ApiError('validation_failed', detail, { errors: shown });
}

/** What Fastify and Nest throw before a handler is reached. */
function fromFramework(error: unknown): ApiError | null {
  if (error === null || typeof error !== 'object') return null;
  const { statusCode, status } = error as { statusCode?: unknown; status?: unknown };
  const code = frameworkCode(error);
  const http = typeof statusCode === 'number' ? statusCode : typeof status === 'number' ? status : 500;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE' || http === 413) {
    return new ApiError('payload_too_large', 'The body is larger than 256 KiB.');
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new ApiError('validation_failed', 'The body must be JSON: send Content-Type: application/json.');
  }
  if (http === 404) return new ApiError('route_not_found', 'There is no such call.');
  if (http >= 400 && http < 500)
    return new ApiError('validation_failed', 'The request is not well-formed HTTP or JSON.');
  return null;
}

/** Fastify's own code, which Nest wraps. */
export function frameworkCode(error: unknown): unknown {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  return code ?? (cause as { code?: unknown } | undefined)?.code;
}

export function toProblem(error: ApiError, requestId: string): Problem {
  const entry = CATALOGUE[error.code];
  return {
    type: `/docs/problems#${error.code}`,
    title: entry.title,
    status: entry.status,
    code: error.code,
    detail: error.detail,
    requestId,
    retryable: entry.retryable,
    ...(error.options.errors && { errors: error.options.errors }),
    ...error.options.extra,
  };
}
