import { once } from '#operations';
import type { IdempotencyStore } from '#persistence';
import type { SecretBox } from '#platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../access/caller.js';
import { idempotencyOf } from './headers.js';

interface Once<T> {
  /** Of the answer; where it depends on that, told by it. */
  statusCode: number | ((answer: T) => number);
  run: () => Promise<T>;
  /** What of the answer is kept for those who ask again; all of it, where this is left out. */
  kept?: (answer: T) => T;
}

/**
 * Answers a request that becomes no operation at most once per Idempotency-Key, and those that repeat it with what is
 * kept of that answer. Without a key it just runs. Throws IdempotencyRefusal, and what the run throws.
 */
export async function answerOnce<T>(
  parts: { idempotency: IdempotencyStore; secrets: SecretBox },
  { caller, request, reply }: { caller: Caller; request: FastifyRequest; reply: FastifyReply },
  { statusCode, run, kept = (answer) => answer }: Once<T>,
): Promise<T> {
  const key = idempotencyOf(request);
  const statusOf = (answer: T): number => (typeof statusCode === 'number' ? statusCode : statusCode(answer));
  if (!key) {
    const body = await run();
    void reply.status(statusOf(body));
    return body;
  }
  const perform = async (): Promise<{ statusCode: number; body: T; kept: T }> => {
    const body = await run();
    return { statusCode: statusOf(body), body, kept: kept(body) };
  };
  const answer = await once(parts.idempotency, parts.secrets, caller.tenant.id, key, perform);
  void reply.status(answer.statusCode);
  if (answer.replayed) void reply.header('idempotent-replayed', 'true');
  return (answer.body ?? undefined) as T;
}
