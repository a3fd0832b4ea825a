import type { Database } from './database.js';
import { IDEMPOTENCY_HOURS } from './idempotency-store.js';

/**
 * Forgets what is past its time: events, operations that ended, idempotency keys. Deletes at most `batch` rows of
 * each, so that it never holds anything up; returns how many it deleted.
 */
export async function prune(database: Database, options: { days: number; batch: number }): Promise<number> {
  const { days, batch } = options;
  const statements = [
    // In cursor order and with the horizon moved in the same statement, so that a reader knows what it has missed.
    // Looks at the oldest alone: they are past their time first.
    `WITH gone AS (DELETE FROM event WHERE id = ANY (ARRAY(SELECT id FROM
         (SELECT id, at FROM event ORDER BY txid, id LIMIT $2::int) oldest
         WHERE at < now() - make_interval(days => $1::int))) RETURNING txid, id),
       last AS (SELECT txid, id FROM gone ORDER BY txid DESC, id DESC LIMIT 1),
       moved AS (UPDATE event_horizon h SET txid = l.txid, id = l.id FROM last l WHERE (l.txid, l.id) > (h.txid, h.id))
     SELECT 1 FROM gone`,
    `DELETE FROM operation WHERE id = ANY (ARRAY(SELECT id FROM operation
       WHERE finished_at < now() - make_interval(days => $1::int) ORDER BY finished_at LIMIT $2::int)) RETURNING 1`,
  ];
  let deleted = 0;
  for (const statement of statements) deleted += (await database.query(statement, [days, batch])).length;
  const keys = await database.query(
    `DELETE FROM idempotency_key WHERE (tenant_id, key) IN (SELECT tenant_id, key FROM idempotency_key
       WHERE created_at < now() - interval '${IDEMPOTENCY_HOURS} h' LIMIT $1::int) RETURNING 1`,
    [batch],
  );
  return deleted + keys.length;
}
