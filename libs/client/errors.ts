import type { ErrorCode, Operation, OperationFault } from './types.js';

/** Codes of this side: no answer came, or one that is not Berth's. */
type OwnCode = 'connection_failed' | 'unexpected_answer';

export interface ErrorParts {
  code: ErrorCode | OwnCode;
  /** Null where it was told on a stream or a socket, or not by Berth at all. */
  status?: number | null;
  detail: string;
  requestId?: string | null;
  retryable?: boolean;
  errors?: { path: string; message: string }[];
  containerStatus?: string | null;
  allowed?: string[];
  retryAfterSeconds?: number | null;
  cause?: unknown;
}

/** What went wrong, as Berth tells it. Branch on `code` alone; `detail` is for people. */
export class BerthError extends Error {
  override readonly name: string = 'BerthError';
  readonly code: ErrorCode | OwnCode;
  readonly status: number | null;
  readonly detail: string;
  /** For the operator's log; null where there was no answer. */
  readonly requestId: string | null;
  /** Whether the same call may succeed later, unchanged. */
  readonly retryable: boolean;
  /** Of `validation_failed`: what is wrong, and where. */
  readonly errors: { path: string; message: string }[];
  /** Of `invalid_transition`: what the container is, and what may be asked of it. */
  readonly containerStatus: string | null;
  readonly allowed: string[];
  /** How long Berth asks to wait before the next attempt. */
  readonly retryAfterSeconds: number | null;

  constructor(parts: ErrorParts) {
    super(`${parts.code}: ${parts.detail}`, { cause: parts.cause });
    this.code = parts.code;
    this.status = parts.status ?? null;
    this.detail = parts.detail;
    this.requestId = parts.requestId ?? null;
    this.retryable = parts.retryable ?? RETRYABLE.has(parts.code);
    this.errors = parts.errors ?? [];
    this.containerStatus = parts.containerStatus ?? null;
    this.allowed = parts.allowed ?? [];
    this.retryAfterSeconds = parts.retryAfterSeconds ?? null;
  }
}

/** Nobody answered, or the answer broke off. Whether the request was carried out is not known. */
export class BerthConnectionError extends BerthError {
  override readonly name = 'BerthConnectionError';

  constructor(detail: string, cause?: unknown) {
    super({ code: 'connection_failed', detail, retryable: true, cause });
  }
}

/** An operation that was waited for has failed or was cancelled. */
export class OperationFailed extends Error {
  override readonly name = 'OperationFailed';
  readonly operation: Operation;
  readonly code: OperationFault | null;

  constructor(operation: Operation) {
    super(
      `${operation.kind} of ${operation.botId} ${operation.status}: ${operation.error?.message ?? 'no reason given'}`,
    );
    this.operation = operation;
    this.code = operation.error?.code ?? null;
  }
}

/** Of what is told without the word `retryable`, on streams and sockets. A test holds it against the catalogue. */
export const RETRYABLE: ReadonlySet<string> = new Set<ErrorCode>([
  'snapshot_busy',
  'idempotency_in_progress',
  'quota_exceeded',
  'internal_error',
  'no_capacity',
  'node_unavailable',
  'unavailable',
]);

/** The error that an answer stands for. Reads its body. */
export async function errorOf(response: Response): Promise<BerthError> {
  const { status, headers } = response;
  const seconds = Number(headers.get('retry-after') ?? '');
  const common = {
    status,
    requestId: headers.get('x-request-id'),
    retryAfterSeconds: headers.has('retry-after') && seconds >= 0 ? seconds : null,
  };
  const text = await response.text().catch(() => '');
  const problem = /[/+]json\b/.test(headers.get('content-type') ?? '') ? parsed(text) : null;
  if (typeof problem?.code !== 'string') {
    const detail = `HTTP ${status}, and not in Berth's words: ${text.slice(0, 200)}`;
    return new BerthError({ ...common, code: 'unexpected_answer', detail, retryable: isGateway(status) });
  }
  return new BerthError({ ...common, ...problem, status });
}

/** Of what stands between: the service behind it is away for a moment. */
export function isGateway(status: number | null): boolean {
  return status === 502 || status === 503 || status === 504;
}

function parsed(text: string): ErrorParts | null {
  try {
    return JSON.parse(text) as ErrorParts | null;
  } catch {
    return null;
  }
}

/** Node hides the reason in the cause. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
