import type { CancelReason, Operation, OperationKind, OperationStatus, Progress } from '#domain';
import type { Database } from './database.js';
import { OPERATION_JSON, toOperation, type OperationJson } from './rows.js';

export interface PlacedOperation {
  operation: Operation;
  /** How many of the bot's operations stand before it. */
  position: number;
}

export interface OperationFilter {
  tenantId: string;
  botId?: string | undefined;
  status?: OperationStatus | undefined;
  kind?: OperationKind | undefined;
  /** Lists what is older than this operation. */
  beforeId?: string | undefined;
  limit: number;
}

/** What a heartbeat carries there and back, for each running operation. */
export interface Heartbeat {
  operationId: string;
  epoch: number;
  phase: string | null;
  progress: Progress | null;
}
export interface HeartbeatAnswer {
  operationId: string;
  cancelRequested: CancelReason | null;
}

interface PlacedRow {
  operation: OperationJson;
  position: number;
}

const PLACED_SELECT = `SELECT ${OPERATION_JSON} AS operation,
  (CASE WHEN o.status IN ('queued', 'running') THEN (SELECT count(*) FROM operation a
    WHERE a.bot_key = o.bot_key AND a.status IN ('queued', 'running') AND a.seq < o.seq) ELSE 0 END)::int AS position
  FROM operation o JOIN bot b ON b.key = o.bot_key`;

const toPlaced = (row: PlacedRow): PlacedOperation => ({
  operation: toOperation(row.operation),
  position: row.position,
});

/** Operations outside the lane's own changes: reading them, renewing leases, finding what the sweep must do. */
export class OperationStore {
  constructor(private readonly database: Database) {}

  async find(tenantId: string, id: string): Promise<PlacedOperation | null> {
    const rows = await this.database.query<PlacedRow>(
      `${PLACED_SELECT} WHERE o.id = $1::uuid AND o.tenant_id = $2::uuid`,
      [id, tenantId],
    );
    return rows[0] ? toPlaced(rows[0]) : null;
  }

  /** Newest first. Each combination of filters is a statement of its own, so each gets its index. */
  async list(filter: OperationFilter): Promise<PlacedOperation[]> {
    const values: unknown[] = [filter.tenantId, filter.limit];
    const conditions = ['o.tenant_id = $1::uuid'];
    const add = (condition: (place: string) => string, value: unknown): void => {
      if (value === undefined) return;
      values.push(value);
      conditions.push(condition(`$${values.length}`));
    };
    add((p) => `o.bot_key = (SELECT key FROM bot WHERE tenant_id = $1::uuid AND bot_id = ${p})`, filter.botId);
    add((p) => `o.status = ${p}`, filter.status);
    add((p) => `o.kind = ${p}`, filter.kind);
    add((p) => `o.id < ${p}::uuid`, filter.beforeId);
    const rows = await this.database.query<PlacedRow>(
      `${PLACED_SELECT} WHERE ${conditions.join(' AND ')} ORDER BY o.id DESC LIMIT $2::int`,
      values,
    );
    return rows.map(toPlaced);
  }

  /** Of the operations asked for, those that have ended. */
  async ended(ids: string[]): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `SELECT id FROM operation WHERE id = ANY($1::uuid[]) AND finished_at IS NOT NULL`,
      [ids],
    );
    return rows.map((row) => row.id);
  }

  /**
   * Renews leases that still hold; an operation missing from the answer is lost to somebody else. Progress is
   * kept with it for those who read the operation; nobody is told by way of this.
   */
  async heartbeat(beats: Heartbeat[], leaseSeconds: number): Promise<HeartbeatAnswer[]> {
    const rows = await this.database.query<{ id: string; cancel_requested: CancelReason | null }>(
      `UPDATE operation o SET lease_expires_at = now() + make_interval(secs => $2::double precision),
         phase = h.phase, progress = h.progress
       FROM jsonb_to_recordset($1::jsonb) AS h("operationId" uuid, epoch int, phase text, progress jsonb)
       WHERE o.id = h."operationId" AND o.claim_epoch = h.epoch AND o.status = 'running' AND o.lease_expires_at > now()
       RETURNING o.id, o.cancel_requested`,
      [JSON.stringify(beats), leaseSeconds],
    );
    return rows.map((row) => ({ operationId: row.id, cancelRequested: row.cancel_requested }));
  }

  /** Ends the leases that an earlier worker of a node held: whoever calls has taken the node over. */
  async releaseLeases(nodeId: string): Promise<void> {
    await this.database.query(
      `UPDATE operation SET lease_expires_at = now() WHERE status = 'running' AND claimed_by = $1 RETURNING id`,
      [nodeId],
    );
  }

  /**
   * Takes heads of lanes that are due but were never heard: not rung since they became due, or rung long ago
   * (5 s, doubling to 80 s), on nodes that are up. With a node: all of its heads that are due. Counts the new ring.
   */
  async takeUnrung(
    limit: number,
    nodeId: string | null = null,
  ): Promise<{ id: string; nodeId: string; dispatch: number }[]> {
    return this.database.query(
      `WITH unheard AS MATERIALIZED (SELECT q.id, n.id AS node_id
         FROM operation q JOIN bot b ON b.key = q.bot_key JOIN node n ON n.id = b.node_id
         WHERE q.status = 'queued' AND q.due_at <= now()
           AND CASE WHEN $2::text IS NOT NULL THEN n.id = $2 ELSE n.up AND (
             q.dispatched_at IS NULL OR q.dispatched_at < q.due_at
             OR q.dispatched_at < now() - make_interval(secs => 5 * power(2, least(greatest(q.dispatch, 1), 5) - 1))) END
           AND NOT EXISTS (SELECT 1 FROM operation a WHERE a.bot_key = q.bot_key
             AND a.status IN ('queued', 'running') AND a.seq < q.seq)
         ORDER BY q.due_at LIMIT $1::int FOR UPDATE OF q SKIP LOCKED)
       UPDATE operation o SET dispatch = o.dispatch + 1, dispatched_at = now() FROM unheard u WHERE o.id = u.id
       RETURNING o.id, u.node_id AS "nodeId", o.dispatch`,
      [limit, nodeId],
    );
  }

  /** Bots whose lane is stuck: an expired lease, or an operation out of time or asked to stop in vain. */
  async stuckBots(limit: number): Promise<string[]> {
    const rows = await this.database.query<{ key: string }>(
      `SELECT bot_key AS key FROM operation WHERE status = 'running' AND lease_expires_at <= now()
       UNION SELECT bot_key FROM operation WHERE status = 'running' AND deadline_at <= now() AND cancel_requested IS NULL
       UNION SELECT bot_key FROM operation WHERE status = 'queued' AND due_at <= now() AND deadline_at <= now()
       UNION SELECT bot_key FROM operation WHERE status = 'queued' AND cancel_requested IS NOT NULL
       LIMIT $1::int`,
      [limit],
    );
    return rows.map((row) => row.key);
  }

  /** Seconds that the oldest due operation has waited; 0 where none does. */
  async oldestWaitSeconds(): Promise<number> {
    const rows = await this.database.query<{ seconds: number | null }>(
      `SELECT extract(epoch FROM now() - min(due_at))::double precision AS seconds FROM operation
       WHERE status = 'queued' AND due_at <= now()`,
    );
    return rows[0]?.seconds ?? 0;
  }
}
