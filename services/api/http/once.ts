import { IdempotencyRefusal, once } from '#operations';
import type { IdempotencyStore } from '#persistence';
import type { SecretBox } from '#platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../access/caller.js';
import type { BodyDigest } from './digest.js';
import { idempotencyOf } from './headers.js';

interface Once<T> {
  /** Of the answer; where it depends on that, told by it. */
  statusCode: number | ((answer: T) => number);
  run: () => Promise<T>;
  /** What of the answer is kept for those who ask again; all of it, where this is left out. */
  kept?: (answer: T) => T;
  /** A body that is passed on as it comes, which the request's fingerprint therefore does not know. */
  upload?: {
    /** Of what was passed on, once it has run. */
    digest: () => BodyDigest;
    /** Whether the body that comes now, to be read for that alone, is the same. */
    isSame: (digest: BodyDigest) => Promise<boolean>;
  };
}

/** The answer to an upload, as it is kept. */
interface KeptUpload {
  upload: BodyDigest;
  answer: unknown;
}

/**
 * Answers a request that becomes no operation at most once per Idempotency-Key, and those that repeat it with what is
 * kept of that answer. Without a key it just runs. Throws IdempotencyRefusal, and what the run throws.
 */
export async function answerOnce<T>(
  parts: { idempotency: IdempotencyStore; secrets: SecretBox },
  { caller, request, reply }: { caller: Caller; request: FastifyRequest; reply: FastifyReply },
  { statusCode, run, kept = (answer) => answer, upload }: Once<T>,
): Promise<T> {
  const key = idempotencyOf(request);
  const statusOf = (answer: T): number => (typeof statusCode === 'number' ? statusCode : statusCode(answer));
  if (!key) {
    const body = await run();
    void reply.status(statusOf(body));
    return body;
  }
  const perform = async (): Promise<{ statusCode: number; body: T; kept: T | KeptUpload }> => {
    const body = await run();
    const answer = kept(body);
    return { statusCode: statusOf(body), body, kept: upload ? { upload: upload.digest(), answer } : answer };
  };
  const answer = await once(parts.idempotency, parts.secrets, caller.tenant.id, key, perform);
  void reply.status(answer.statusCode);
  if (!answer.replayed) return (answer.body ?? undefined) as T;
  let told = answer.body;
  if (upload && isKeptUpload(told)) {
    if (!(await upload.isSame(told.upload))) throw new IdempotencyRefusal('idempotency_key_reused');
    told = told.answer;
  }
  void reply.header('idempotent-replayed', 'true');
  return (told ?? undefined) as T;
}

/** Those of an earlier version are not. */
function isKeptUpload(kept: unknown): kept is KeptUpload {
  return kept !== null && typeof kept === 'object' && 'upload' in kept;
}
