import type { BerthError } from './errors.js';

export interface ClientOptions {
  /** Where Berth is, such as `https://berth.example.com`. Empty in a browser: where the page came from. */
  url: string;
  /** An API key. */
  token: string;
  /** How often a call that failed for a passing reason is tried again; 3 by default. */
  retries?: number;
  /** Instead of the platform's own. */
  fetch?: Fetch;
  /** Told of every attempt that is going to be made again, and why. */
  onRetry?: (error: BerthError) => void;
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface CallOptions {
  signal?: AbortSignal;
}

/** Of what changes something. */
export interface ChangeOptions extends CallOptions {
  /** Made for each call where it is left out, and the same for all its attempts. */
  idempotencyKey?: string;
}

/** Of what becomes an operation. */
export interface OperationOptions extends ChangeOptions {
  /** Seconds, up to 60: how long to wait for its end before it is answered as it stands. */
  wait?: number;
  /** The version that the container must still have; else `version_mismatch`. */
  ifMatch?: number;
}

/**
 * The headers that options stand for.
 *
 * @internal
 */
export function headersOf({ wait, ifMatch, idempotencyKey }: OperationOptions): Record<string, string> {
  return {
    ...(wait !== undefined && wait > 0 && { prefer: `wait=${Math.max(1, Math.min(60, Math.round(wait)))}` }),
    ...(ifMatch !== undefined && { 'if-match': `"${ifMatch}"` }),
    ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
  };
}
