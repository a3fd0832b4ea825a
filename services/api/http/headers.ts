import { eventCursor } from '#contracts';
import { canonicalJson } from '#operations';
import type { FastifyRequest } from 'fastify';
import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ApiError } from './problem.js';

/** At most this long may a request wait for an operation. Seconds. */
export const MAX_WAIT_SECONDS = 60;

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** `X-Request-Id` as given, where it is fit for a log line; else a new one. */
export function requestIdOf(request: IncomingMessage): string {
  const given = single(request.headers['x-request-id']);
  return given !== undefined && /^[A-Za-z0-9._:@/+=-]{1,128}$/.test(given) ? given : randomUUID();
}

/** Seconds from `Prefer: wait=N`; null where absent or, as RFC 7240 has it, not understood. */
export function preferredWait(request: FastifyRequest): number | null {
  const match = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?(?:$|[,;\s])/i.exec(single(request.headers['prefer']) ?? '');
  const seconds = Number(match?.[1] ?? 0);
  return seconds >= 1 ? Math.min(seconds, MAX_WAIT_SECONDS) : null;
}

/** The cursor that a browser sends as `Last-Event-ID` when it connects again; undefined where it does not. */
export function resumeAt(request: FastifyRequest): string | undefined {
  const given = single(request.headers['last-event-id']);
  const cursor = eventCursor.optional().safeParse(given);
  if (!cursor.success) throw malformed('Last-Event-ID', 'must be the id of an event of this stream');
  return cursor.data;
}

/** The version from `If-Match: "12"`; null where absent or `*`. */
export function expectedVersion(request: FastifyRequest): number | null {
  const given = single(request.headers['if-match']);
  if (given === undefined || given.trim() === '*') return null;
  const version = /^(?:W\/)?"(\d{1,9})"$/.exec(given.trim())?.[1];
  if (version === undefined) throw malformed('If-Match', 'must be the ETag of the container, such as "12"');
  return Number(version);
}

/** The key and what it stands for: the same key with another request is refused. */
export function idempotencyOf(request: FastifyRequest): { key: string; fingerprint: string } | null {
  const key = single(request.headers['idempotency-key']);
  if (key === undefined) return null;
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) {
    throw malformed('Idempotency-Key', 'must be 1 to 255 printable ASCII characters');
  }
  const condition = single(request.headers['if-match'])?.trim();
  const what = `${request.method} ${request.url} ${canonicalJson(request.body ?? {})}`;
  const fingerprint = createHash('sha256').update(condition === undefined ? what : `${what}\n${condition}`);
  return { key, fingerprint: fingerprint.digest('hex') };
}

function malformed(header: string, message: string): ApiError {
  return new ApiError('validation_failed', `${header}: ${message}`, { errors: [{ path: header, message }] });
}

export function acceptsEventStream(request: FastifyRequest): boolean {
  return /\btext\/event-stream\b/i.test(request.headers.accept ?? '');
}
