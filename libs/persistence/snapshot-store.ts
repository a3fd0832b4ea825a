import type { Snapshot, SnapshotStanding } from '#domain';
import type { Database } from './database.js';
import { SNAPSHOT_JSON, toSnapshot } from './rows.js';

/** A snapshot as lists show it: with its place in the tree. */
export interface PlacedSnapshot {
  snapshot: Snapshot;
  childCount: number;
  /** Whether the bot's container descends from it. */
  current: boolean;
}

interface PlacedRow {
  snapshot: Record<string, unknown>;
  childCount: number;
  current: boolean;
  /** Whether its parent is there: one may be gone that was deleted in the same moment. */
  hasParent: boolean;
}

const PLACED_SELECT = `SELECT ${SNAPSHOT_JSON} AS snapshot, b.current_snapshot_id = s.id IS TRUE AS current,
  (SELECT count(*)::int FROM snapshot c WHERE c.parent_id = s.id AND c.status <> 'failed') AS "childCount",
  EXISTS (SELECT 1 FROM snapshot p WHERE p.id = s.parent_id) AS "hasParent"
  FROM snapshot s JOIN bot b ON b.key = s.bot_key`;

function toPlaced({ snapshot, childCount, current, hasParent }: PlacedRow): PlacedSnapshot {
  const found = toSnapshot(snapshot);
  return { snapshot: hasParent ? found : { ...found, parentId: null }, childCount, current };
}

/** Snapshots outside the lane's own changes: reading them, and finding what is left of them. */
export class SnapshotStore {
  constructor(private readonly database: Database) {}

  async find(tenantId: string, botId: string, id: string): Promise<PlacedSnapshot | null> {
    const rows = await this.database.query<PlacedRow>(
      `${PLACED_SELECT} WHERE s.id = $3::uuid AND s.tenant_id = $1::uuid AND b.bot_id = $2`,
      [tenantId, botId, id],
    );
    return rows[0] ? toPlaced(rows[0]) : null;
  }

  /** Newest first. */
  async list(
    tenantId: string,
    botId: string,
    page: { beforeId: string | null; limit: number },
  ): Promise<PlacedSnapshot[]> {
    const rows = await this.database.query<PlacedRow>(
      `${PLACED_SELECT} WHERE s.bot_key = (SELECT key FROM bot WHERE tenant_id = $1::uuid AND bot_id = $2)
         AND s.id < COALESCE($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') ORDER BY s.id DESC LIMIT $4::int`,
      [tenantId, botId, page.beforeId, page.limit],
    );
    return rows.map(toPlaced);
  }

  /** What a request is judged on that names a snapshot, or would make one. */
  async standing(tenantId: string, botId: string, snapshotId: string | null): Promise<SnapshotStanding> {
    const rows = await this.database.query<{
      subject: Record<string, unknown> | null;
      living: number;
      max: number;
      forking: boolean;
    }>(
      `SELECT (SELECT ${SNAPSHOT_JSON} FROM snapshot s JOIN bot b ON b.key = s.bot_key
           WHERE s.id = $3::uuid AND s.tenant_id = $1::uuid) AS subject,
         (SELECT count(*)::int FROM snapshot s JOIN bot b ON b.key = s.bot_key
           WHERE b.tenant_id = $1::uuid AND b.bot_id = $2 AND s.origin <> 'safety' AND s.status <> 'failed') AS living,
         t.max_snapshots_per_bot AS max,
         EXISTS (SELECT 1 FROM operation o WHERE o.params->>'fromSnapshot' = $3::uuid::text AND o.finished_at IS NULL) AS forking
       FROM tenant t WHERE t.id = $1::uuid`,
      [tenantId, botId, snapshotId],
    );
    const row = rows[0];
    if (!row) throw new Error(`there is no tenant ${tenantId}`);
    return { ...row, subject: row.subject && toSnapshot(row.subject) };
  }

  /** Of one tenant, for the worker that runs an operation on it. */
  async read(tenantId: string, id: string): Promise<Snapshot | null> {
    const rows = await this.database.query<{ snapshot: Record<string, unknown> }>(
      `SELECT ${SNAPSHOT_JSON} AS snapshot FROM snapshot s JOIN bot b ON b.key = s.bot_key
       WHERE s.id = $2::uuid AND s.tenant_id = $1::uuid`,
      [tenantId, id],
    );
    return rows[0] ? toSnapshot(rows[0].snapshot) : null;
  }

  /** Of these ids, those whose files somebody needs, or is writing. */
  async needed(ids: string[]): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `SELECT id FROM snapshot WHERE id = ANY($1::uuid[]) AND status <> 'failed'`,
      [ids],
    );
    return rows.map((row) => row.id);
  }

  /** Safety snapshots beyond the latest `kept` of each bot of a node. */
  async surplus(nodeId: string, kept: number, limit: number): Promise<Snapshot[]> {
    const rows = await this.database.query<{ snapshot: Record<string, unknown> }>(
      `SELECT ${SNAPSHOT_JSON} AS snapshot FROM (SELECT id, row_number() OVER (PARTITION BY bot_key ORDER BY id DESC) AS n
           FROM snapshot WHERE node_id = $1 AND origin = 'safety' AND status = 'ready') r
         JOIN snapshot s ON s.id = r.id JOIN bot b ON b.key = s.bot_key
       WHERE r.n > $2::int ORDER BY s.id LIMIT $3::int`,
      [nodeId, kept, limit],
    );
    return rows.map((row) => toSnapshot(row.snapshot));
  }
}
