export interface SerializedError {
  type: string;
  message: string;
  stack?: string;
  code?: string | number;
  statusCode?: number;
  cause?: unknown;
  errors?: unknown[];
}

const MAX_DEPTH = 6;

/**
 * An error with its chain of causes, as data. Only these fields are taken: drivers hang whole requests, commands and
 * connection parameters on their errors, with passwords in them.
 */
export function serializeError(value: unknown, depth = 0): unknown {
  if (!(value instanceof Error) || depth > MAX_DEPTH) return value instanceof Error ? value.message : value;
  const { code, statusCode } = value as { code?: unknown; statusCode?: unknown };
  const result: SerializedError = { type: value.name, message: value.message };
  if (value.stack !== undefined) result.stack = value.stack;
  if (typeof code === 'string' || typeof code === 'number') result.code = code;
  if (typeof statusCode === 'number') result.statusCode = statusCode;
  if (value.cause !== undefined) result.cause = serializeError(value.cause, depth + 1);
  if (value instanceof AggregateError) result.errors = value.errors.map((error) => serializeError(error, depth + 1));
  return result;
}
