import { once } from '#operations';
import type { IdempotencyStore } from '#persistence';
import type { SecretBox } from '#platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../access/caller.js';
import { idempotencyOf } from './headers.js';

/**
 * Answers a request that becomes no operation at most once per Idempotency-Key, and the same again with the same
 * answer. Without a key it just runs. Throws IdempotencyRefusal, and what the run throws.
 */
export async function answerOnce<T>(
  parts: { idempotency: IdempotencyStore; secrets: SecretBox },
  { caller, request, reply }: { caller: Caller; request: FastifyRequest; reply: FastifyReply },
  statusCode: number,
  run: () => Promise<T>,
): Promise<T> {
  const key = idempotencyOf(request);
  void reply.status(statusCode);
  if (!key) return run();
  const perform = async (): Promise<{ statusCode: number; body: unknown }> => ({ statusCode, body: await run() });
  const answer = await once(parts.idempotency, parts.secrets, caller.tenant.id, key, perform);
  if (answer.replayed) void reply.header('idempotent-replayed', 'true');
  return answer.body as T;
}
