import type { IdempotencyStore } from '#persistence';
import type { SecretBox } from '#platform';

export class IdempotencyRefusal extends Error {
  constructor(readonly code: 'idempotency_key_reused' | 'idempotency_in_progress') {
    super(code);
    this.name = 'IdempotencyRefusal';
  }
}

export interface Remembered {
  statusCode: number;
  body: unknown;
}

interface Key {
  key: string;
  fingerprint: string;
}

/** The answer that a key was given before; null where it is new. Throws IdempotencyRefusal. */
export async function recall(
  store: IdempotencyStore,
  secrets: SecretBox,
  tenantId: string,
  { key, fingerprint }: Key,
): Promise<Remembered | null> {
  const known = await store.find(tenantId, key);
  if (!known) return null;
  if (known.fingerprint !== fingerprint) throw new IdempotencyRefusal('idempotency_key_reused');
  if (known.statusCode === null || known.answer === null) throw new IdempotencyRefusal('idempotency_in_progress');
  return { statusCode: known.statusCode, body: JSON.parse(secrets.open(Buffer.from(known.answer, 'base64'))) };
}

/** A third of the time after which a request that says nothing is taken for dead. */
const RENEW_MS = 20_000;

/**
 * Runs a request that is not an operation at most once per key. A failure frees the key, since nothing was changed.
 * `kept` is what of its answer is kept and given again: all of it, or what is not to be shown but once left out.
 */
export async function once(
  store: IdempotencyStore,
  secrets: SecretBox,
  tenantId: string,
  key: Key,
  run: () => Promise<Remembered & { kept?: unknown }>,
  renewMs: number = RENEW_MS,
): Promise<Remembered & { replayed: boolean }> {
  await store.forgetExpired(tenantId, key.key);
  if (!(await store.begin(tenantId, key.key, key.fingerprint))) {
    const remembered = await recall(store, secrets, tenantId, key);
    if (!remembered) throw new IdempotencyRefusal('idempotency_in_progress');
    return { ...remembered, replayed: true };
  }
  // A command or an upload may take an hour: whoever asks again meanwhile must not make it run twice.
  const renewing = setInterval(() => void store.renew(tenantId, key.key).catch(() => undefined), renewMs);
  try {
    const { statusCode, body, kept = body } = await run();
    const sealed = secrets.seal(JSON.stringify(kept ?? null)).toString('base64');
    await store.complete(tenantId, key.key, { statusCode, sealed });
    return { statusCode, body, replayed: false };
  } catch (error) {
    await store.abandon(tenantId, key.key).catch(() => undefined);
    throw error;
  } finally {
    clearInterval(renewing);
  }
}
