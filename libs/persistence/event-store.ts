import type { EventView } from '#contracts';
import type { Database } from './database.js';

/** A place in the order of all events: of the transaction that wrote it, then within it. */
export interface Cursor {
  txid: bigint;
  id: bigint;
}

export const START: Cursor = { txid: 0n, id: 0n };

export function formatCursor(cursor: Cursor): string {
  return `${cursor.txid}-${cursor.id}`;
}

/** Of text that the contract's pattern has passed. */
export function parseCursor(text: string): Cursor {
  const [txid = '0', id = '0'] = text.split('-');
  const clamp = (value: string): bigint => {
    const parsed = BigInt(value);
    return parsed > 9_223_372_036_854_775_807n ? 9_223_372_036_854_775_807n : parsed;
  };
  return { txid: clamp(txid), id: clamp(id) };
}

export function isAfter(a: Cursor, b: Cursor): boolean {
  return a.txid > b.txid || (a.txid === b.txid && a.id > b.id);
}

export interface StoredEvent {
  tenantId: string;
  cursor: Cursor;
  view: EventView;
}

export type Place =
  /** Everything after it is here. */
  | 'known'
  /** Events after it have been forgotten. */
  | 'pruned'
  /** No event was ever here: the place is of another database, or of a time that a restored one knows nothing of. */
  | 'unknown';

interface EventRow {
  id: string;
  txid: string;
  tenantId: string;
  botId: string;
  version: number;
  type: EventView['type'];
  at: Date;
  data: EventView['data'];
}

// Text, since a bigint does not survive JSON numbers.
const SELECT = `SELECT e.id::text, e.txid::text, e.tenant_id AS "tenantId", e.bot_id AS "botId", e.version, e.type, e.at, e.data
  FROM event e`;
/** Below this no transaction is open any more, so nothing that is read can be overtaken by a late commit. */
const SETTLED = `e.txid < (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint`;

function toStored(row: EventRow): StoredEvent {
  const cursor = { txid: BigInt(row.txid), id: BigInt(row.id) };
  const { botId, version, type, data } = row;
  return {
    tenantId: row.tenantId,
    cursor,
    view: { cursor: formatCursor(cursor), botId, version, type, at: new Date(row.at).toISOString(), data },
  };
}

/** Committed events, in order, for the tail of each API process and for replays. */
export class EventStore {
  constructor(private readonly database: Database) {}

  /**
   * The place after which everything is still to come: all that is settled now lies at or before it. Where all has
   * been forgotten, the end of that.
   */
  async head(): Promise<Cursor> {
    const rows = await this.database.query<{ txid: string; id: string }>(
      `SELECT l.txid::text, l.id::text FROM ((SELECT e.txid, e.id FROM event e WHERE ${SETTLED}
         ORDER BY e.txid DESC, e.id DESC LIMIT 1) UNION ALL SELECT txid, id FROM event_horizon) l
       ORDER BY l.txid DESC, l.id DESC LIMIT 1`,
    );
    return rows[0] ? { txid: BigInt(rows[0].txid), id: BigInt(rows[0].id) } : START;
  }

  /** Settled events of all tenants after a place; `pending` where newer ones are committed but not settled yet. */
  async tail(after: Cursor, limit: number): Promise<{ events: StoredEvent[]; pending: boolean }> {
    const rows = await this.database.query<(EventRow | { id: null }) & { pending: boolean }>(
      `SELECT p.pending, l.* FROM (SELECT EXISTS (SELECT 1 FROM event e
           WHERE (e.txid, e.id) > ($1::bigint, $2::bigint) AND NOT (${SETTLED})) AS pending) p
       LEFT JOIN (${SELECT} WHERE (e.txid, e.id) > ($1::bigint, $2::bigint) AND ${SETTLED}
         ORDER BY e.txid, e.id LIMIT $3::int) l ON true ORDER BY l.txid::bigint, l.id::bigint`,
      [after.txid, after.id, limit],
    );
    const events = rows.flatMap((row) => (row.id === null ? [] : [toStored(row)]));
    return { events, pending: rows[0]?.pending ?? false };
  }

  async ofTenant(tenantId: string, after: Cursor, limit: number): Promise<StoredEvent[]> {
    const rows = await this.database.query<EventRow>(
      `${SELECT} WHERE e.tenant_id = $1::uuid AND (e.txid, e.id) > ($2::bigint, $3::bigint) AND ${SETTLED}
       ORDER BY e.txid, e.id LIMIT $4::int`,
      [tenantId, after.txid, after.id, limit],
    );
    return rows.map(toStored);
  }

  /** Versions are gapless and grow in commit order, so a bot's own events need no waiting for others. */
  async ofBot(botKey: string, afterVersion: number, limit: number): Promise<StoredEvent[]> {
    const rows = await this.database.query<EventRow>(
      `${SELECT} WHERE e.bot_key = $1::uuid AND e.version > $2::int ORDER BY e.version LIMIT $3::int`,
      [botKey, afterVersion, limit],
    );
    return rows.map(toStored);
  }

  /** A bot's version at a place; that before the first event that is kept, where others were forgotten. */
  async versionAt(botKey: string, cursor: Cursor): Promise<number> {
    const rows = await this.database.query<{ version: number | null }>(
      `SELECT COALESCE((SELECT e.version - 1 FROM event e
           WHERE e.bot_key = b.key AND (e.txid, e.id) > ($2::bigint, $3::bigint) ORDER BY e.txid, e.id LIMIT 1),
         b.version) AS version FROM bot b WHERE b.key = $1::uuid`,
      [botKey, cursor.txid, cursor.id],
    );
    return rows[0]?.version ?? 0;
  }

  /** What a reader may expect who resumes at a place. */
  async placeOf(cursor: Cursor): Promise<Place> {
    const rows = await this.database.query<{ place: Place }>(
      `SELECT CASE WHEN (h.txid, h.id) > ($1::bigint, $2::bigint) THEN 'pruned'
         WHEN (h.txid, h.id) = ($1::bigint, $2::bigint) THEN 'known'
         WHEN EXISTS (SELECT 1 FROM event e WHERE e.txid = $1::bigint AND e.id = $2::bigint) THEN 'known'
         ELSE 'unknown' END AS place FROM event_horizon h`,
      [cursor.txid, cursor.id],
    );
    return rows[0]?.place ?? 'unknown';
  }
}
