import type { IdempotencyRecord } from './bot-store.js';
import type { Database } from './database.js';

export interface RememberedRequest {
  fingerprint: string;
  operationId: string | null;
  /** Null while the first request runs. */
  statusCode: number | null;
  /** Sealed. */
  answer: string | null;
}

/** How long an Idempotency-Key is kept. Hours. */
export const IDEMPOTENCY_HOURS = 24;
/** A first request that has said nothing for so long is taken for dead, and its key is free again. Seconds. */
const ABANDONED_SECONDS = 60;

/**
 * Requests remembered by their Idempotency-Key. Those that become operations are recorded by the statement that
 * accepts them; the others begin here and are completed here.
 */
export class IdempotencyStore {
  constructor(private readonly database: Database) {}

  async find(tenantId: string, key: string): Promise<RememberedRequest | null> {
    const rows = await this.database.query<RememberedRequest>(
      `SELECT fingerprint, operation_id AS "operationId", status_code AS "statusCode", answer FROM idempotency_key
       WHERE tenant_id = $1::uuid AND key = $2 AND created_at > now() - interval '${IDEMPOTENCY_HOURS} h'
         AND (status_code IS NOT NULL OR created_at > now() - interval '${ABANDONED_SECONDS} s')`,
      [tenantId, key],
    );
    return rows[0] ?? null;
  }

  /** Removes a key that is past its time, so that it can be recorded anew. */
  async forgetExpired(tenantId: string, key: string): Promise<void> {
    await this.database.query(
      `DELETE FROM idempotency_key WHERE tenant_id = $1::uuid AND key = $2
         AND (created_at <= now() - interval '${IDEMPOTENCY_HOURS} h'
           OR (status_code IS NULL AND created_at <= now() - interval '${ABANDONED_SECONDS} s')) RETURNING key`,
      [tenantId, key],
    );
  }

  /** False where somebody else has begun with this key. */
  async begin(tenantId: string, key: string, fingerprint: string): Promise<boolean> {
    const rows = await this.database.query(
      `INSERT INTO idempotency_key (tenant_id, key, fingerprint) VALUES ($1::uuid, $2, $3) ON CONFLICT DO NOTHING RETURNING key`,
      [tenantId, key, fingerprint],
    );
    return rows.length === 1;
  }

  /** Says that the first request still runs, however long that takes. */
  async renew(tenantId: string, key: string): Promise<void> {
    await this.database.query(
      `UPDATE idempotency_key SET created_at = now() WHERE tenant_id = $1::uuid AND key = $2 AND status_code IS NULL RETURNING key`,
      [tenantId, key],
    );
  }

  /** Remembers an answer that changed nothing, such as that of a joined request. False where the key is taken. */
  async record(record: IdempotencyRecord): Promise<boolean> {
    const rows = await this.database.query(
      `INSERT INTO idempotency_key (tenant_id, key, fingerprint, operation_id, status_code, answer)
       VALUES ($1::uuid, $2, $3, $4::uuid, $5::int, $6) ON CONFLICT DO NOTHING RETURNING key`,
      [record.tenantId, record.key, record.fingerprint, record.operationId, record.statusCode, record.answer],
    );
    return rows.length === 1;
  }

  async complete(tenantId: string, key: string, answer: { statusCode: number; sealed: string }): Promise<void> {
    await this.database.query(
      `UPDATE idempotency_key SET status_code = $3::int, answer = $4 WHERE tenant_id = $1::uuid AND key = $2 RETURNING key`,
      [tenantId, key, answer.statusCode, answer.sealed],
    );
  }

  /** After a request that changed nothing: its key is free again. */
  async abandon(tenantId: string, key: string): Promise<void> {
    await this.database.query(
      `DELETE FROM idempotency_key WHERE tenant_id = $1::uuid AND key = $2 AND status_code IS NULL RETURNING key`,
      [tenantId, key],
    );
  }
}
