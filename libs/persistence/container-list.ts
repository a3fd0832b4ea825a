import { kindOfStatus, type Lane, type Status } from '#domain';
import type { Database } from './database.js';
import { LANE_SELECT, toLane, type LaneRow } from './rows.js';

export interface ContainerFilter {
  tenantId: string;
  status?: Status | undefined;
  nodeId?: string | undefined;
  /** Beginning of a botId. */
  prefix?: string | undefined;
  afterBotId?: string | undefined;
  limit: number;
}

/**
 * Bots by botId. A status is derived, so a filter says what derives to it: a state with no operation running, or
 * a running operation of the kind that has the word. Each combination is a statement of its own and walks an index.
 */
export async function listContainers(database: Database, filter: ContainerFilter): Promise<Lane[]> {
  const values: unknown[] = [filter.tenantId, filter.limit];
  const conditions = ['b.tenant_id = $1::uuid'];
  const place = (value: unknown): string => `$${values.push(value)}`;

  if (filter.status !== undefined) {
    const kind = kindOfStatus(filter.status);
    if (kind === null) {
      conditions.push(`b.state = ${place(filter.status satisfies Status)}`);
      if (filter.status !== 'unknown') conditions.push(`NOT EXISTS (${runningOf('')})`);
    } else {
      conditions.push(`b.state <> 'unknown'`, `b.key IN (${runningKind(place(kind))})`);
    }
  }
  if (filter.nodeId !== undefined) conditions.push(`b.node_id = ${place(filter.nodeId)}`);
  if (filter.prefix !== undefined && filter.prefix !== '') {
    conditions.push(`b.bot_id >= ${place(filter.prefix)}`, `b.bot_id < ${place(`${filter.prefix}\u{10FFFF}`)}`);
  }
  if (filter.afterBotId !== undefined) conditions.push(`b.bot_id > ${place(filter.afterBotId)}`);
  const rows = await database.query<LaneRow>(
    `${LANE_SELECT} WHERE ${conditions.join(' AND ')} ORDER BY b.bot_id LIMIT $2::int`,
    values,
  );
  return rows.map(toLane);
}

const runningOf = (condition: string): string =>
  `SELECT 1 FROM operation r WHERE r.bot_key = b.key AND r.status = 'running'${condition}`;
const runningKind = (kind: string): string =>
  `SELECT r.bot_key FROM operation r WHERE r.tenant_id = $1::uuid AND r.kind = ${kind} AND r.status = 'running'`;
