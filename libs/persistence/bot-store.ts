import { presentEventData } from '#contracts';
import type { Bot, Change, Lane, NodeCandidate, SnapshotWrite, TaskWrite } from '#domain';
import type { Database } from './database.js';
import { DatabaseFault } from './faults.js';
import { commitStatement } from './commit-statement.js';
import { fromBot, fromOperation, fromSnapshot, LANE_SELECT, toLane, type LaneRow } from './rows.js';

/** An Idempotency-Key that is recorded together with what its request changed. */
export interface IdempotencyRecord {
  tenantId: string;
  key: string;
  fingerprint: string;
  operationId: string | null;
  statusCode: number;
  /** Sealed. */
  answer: string;
}

export interface BotPlace {
  key: string;
  containerId: string | null;
  nodeId: string | null;
  /** Of the node's agent; null where the node is down. */
  agentUrl: string | null;
}

/** What a call into a bot's container is judged by. */
export type BotInside = Pick<Bot, 'key' | 'tenantId' | 'botId' | 'state' | 'containerId' | 'sealedEnv'>;

/** A node as placement sees it: NodeCandidate. */
const NODE_CANDIDATE = `jsonb_build_object('id', id, 'status', CASE WHEN up THEN status ELSE 'down' END,
  'size', jsonb_build_object('cpus', NULLIF(cpus, 0), 'memoryMb', NULLIF(memory_mb, 0)),
  'ceiling', jsonb_build_object('cpus', max_cpus, 'memoryMb', max_memory_mb),
  'reserved', (SELECT jsonb_build_object('cpus', sum(p.cpus), 'memoryMb', sum(p.memory_mb), 'containers', sum(p.containers))
    FROM node_reservation p WHERE p.node_id = node.id))`;

export type CommitResult = 'committed' | 'lost_race' | 'no_capacity' | 'idempotency_conflict' | 'name_taken';

/** Bots with their lanes: read whole, written whole, each change in one statement that compares the version. */
export class BotStore {
  constructor(private readonly database: Database) {}

  /** Null where the tenant has no such bot. */
  async find(tenantId: string, botId: string): Promise<Lane | null> {
    const rows = await this.database.query<LaneRow>(`${LANE_SELECT} WHERE b.tenant_id = $1::uuid AND b.bot_id = $2`, [
      tenantId,
      botId,
    ]);
    return rows[0] ? toLane(rows[0]) : null;
  }

  /** Where a bot's container is, and no more: what a call into it needs. Null where the tenant has no such bot. */
  async locate(tenantId: string, botId: string): Promise<BotPlace | null> {
    const rows = await this.database.query<BotPlace>(
      `SELECT b.key, b.container_id AS "containerId", b.node_id AS "nodeId", CASE WHEN n.up THEN n.agent_url END AS "agentUrl"
       FROM bot b LEFT JOIN node n ON n.id = b.node_id WHERE b.tenant_id = $1::uuid AND b.bot_id = $2`,
      [tenantId, botId],
    );
    return rows[0] ?? null;
  }

  /** The bot that a call has come for, and no more of it. */
  async inside(key: string): Promise<BotInside | null> {
    const rows = await this.database.query<BotInside>(
      `SELECT key, tenant_id AS "tenantId", bot_id AS "botId", state, container_id AS "containerId", sealed_env AS "sealedEnv" FROM bot WHERE key = $1::uuid`,
      [key],
    );
    return rows[0] ?? null;
  }

  /** With all nodes, in the same statement: for a bot that may have to be placed. */
  async findForPlacement(tenantId: string, botId: string): Promise<{ lane: Lane | null; nodes: NodeCandidate[] }> {
    const rows = await this.database.query<Partial<LaneRow> & { nodes: NodeCandidate[] }>(
      `SELECT l.*, n.nodes FROM (SELECT COALESCE(jsonb_agg(${NODE_CANDIDATE}), '[]'::jsonb) AS nodes FROM node) n
       LEFT JOIN (${LANE_SELECT} WHERE b.tenant_id = $1::uuid AND b.bot_id = $2) l ON true`,
      [tenantId, botId],
    );
    const row = rows[0];
    return { lane: row?.bot ? toLane(row as LaneRow) : null, nodes: row?.nodes ?? [] };
  }

  async findByKey(key: string): Promise<Lane | null> {
    const rows = await this.database.query<LaneRow>(`${LANE_SELECT} WHERE b.key = $1::uuid`, [key]);
    return rows[0] ? toLane(rows[0]) : null;
  }

  /** The lane that an operation stands or stood in. */
  async findByOperation(operationId: string): Promise<Lane | null> {
    const rows = await this.database.query<LaneRow>(
      `${LANE_SELECT} WHERE b.key = (SELECT bot_key FROM operation WHERE id = $1::uuid)`,
      [operationId],
    );
    return rows[0] ? toLane(rows[0]) : null;
  }

  /** Bots of a node that have, or may have, a container there; by key, for walking through all of them. */
  async listOfNode(nodeId: string, afterKey: string | null, limit: number): Promise<Lane[]> {
    const rows = await this.database.query<LaneRow>(
      `${LANE_SELECT} WHERE b.node_id = $1 AND b.container_id IS NOT NULL AND b.key > COALESCE($2::uuid, '00000000-0000-0000-0000-000000000000')
       ORDER BY b.key LIMIT $3::int`,
      [nodeId, afterKey, limit],
    );
    return rows.map(toLane);
  }

  /** Bots of a node that run and are to be stopped when they are idle; by key. */
  async listStoppable(nodeId: string, afterKey: string | null, limit: number): Promise<Lane[]> {
    const rows = await this.database.query<LaneRow>(
      `${LANE_SELECT} WHERE b.node_id = $1 AND b.state = 'running' AND b.settings->>'autoStopSeconds' <> '0'
       AND b.key > COALESCE($2::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY b.key LIMIT $3::int`,
      [nodeId, afterKey, limit],
    );
    return rows.map(toLane);
  }

  /**
   * Writes a change, or nothing. `enforceCapacity` refuses a reservation beyond the node's ceiling.
   * Throws DatabaseFault; after `unavailable` the outcome is unknown.
   */
  async commit(
    change: Change,
    options: { idempotency?: IdempotencyRecord | null; enforceCapacity?: boolean } = {},
  ): Promise<CommitResult> {
    const events = change.events.map((event) => ({
      version: event.version,
      type: event.type,
      data: presentEventData(event, change),
    }));
    const writes = change.writes.map((write) => ({
      ...fromOperation(write.operation),
      is_new: write.isNew,
      lease_seconds: write.leaseSeconds,
      due_in_ms: write.dueInMs,
      rung: write.rung,
    }));
    const { idempotency, enforceCapacity = false } = options;
    try {
      const { text, parameters } = commitStatement(change.expectVersion === null, {
        ...(change.reservation && { reservation: [JSON.stringify(reservationRecord(change)), enforceCapacity] }),
        ...(idempotency && { idempotency: [JSON.stringify(idempotencyRow(idempotency))] }),
        ...(change.snapshots.length > 0 && { snapshots: [JSON.stringify(change.snapshots.map(fromSnapshotWrite))] }),
        ...(change.tasks.length > 0 && { tasks: [JSON.stringify(change.tasks.map(fromTask))] }),
      });
      const rows = await this.database.query<{ done: number }>(text, [
        JSON.stringify({ ...fromBot(change.bot), descends: change.descends }),
        change.expectVersion,
        JSON.stringify(writes),
        JSON.stringify(events),
        ...parameters,
      ]);
      return rows[0]?.done === 1 ? 'committed' : 'lost_race';
    } catch (error) {
      if (error instanceof DatabaseFault && error.kind === 'refused') return 'no_capacity';
      if (error instanceof DatabaseFault && error.kind === 'conflict') {
        if (error.constraint === 'snapshot_name_idx') return 'name_taken';
        return error.constraint === 'idempotency_key_pkey' ? 'idempotency_conflict' : 'lost_race';
      }
      throw error;
    }
  }
}

function fromSnapshotWrite({ write, snapshot }: SnapshotWrite): Record<string, unknown> {
  return { write, ...fromSnapshot(snapshot) };
}

function fromTask({ write, task }: TaskWrite): Record<string, unknown> {
  if (write === 'end') {
    return { write, id: task.id, status: task.status, exit_code: task.exitCode, reason: task.reason };
  }
  const { id, tenantId, botKey, name, command, status, startedAt } = task;
  return { write, id, tenant_id: tenantId, bot_key: botKey, name, command, status, started_at: startedAt };
}

function reservationRecord({ reservation, bot }: Change): Record<string, unknown> {
  if (!reservation) return {};
  const { cpus, memoryMb, containers } = reservation.delta;
  // Any part serves that is not always the same. A node with a ceiling keeps to its first, where it can be compared.
  const part = Number.parseInt(bot.key.slice(-1), 16);
  return { node_id: reservation.nodeId, part, cpus, memory: memoryMb, containers };
}

function idempotencyRow(record: IdempotencyRecord): Record<string, unknown> {
  return {
    tenant_id: record.tenantId,
    key: record.key,
    fingerprint: record.fingerprint,
    operation_id: record.operationId,
    status_code: record.statusCode,
    answer: record.answer,
  };
}
