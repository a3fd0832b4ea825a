import { presentEventData } from '#contracts';
import type { Change, Lane, NodeCandidate } from '#domain';
import type { Database } from './database.js';
import { DatabaseFault } from './faults.js';
import { fromBot, fromOperation, LANE_SELECT, toLane, type LaneRow } from './rows.js';

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

/** How long an operation may take from its acceptance, waiting included. Seconds. */
const OPERATION_DEADLINE_SECONDS = 3600;

const BOT_RECORD = `r(key uuid, tenant_id uuid, bot_id text, version int, state text, projected text, seq int,
  node_id text, incarnation int, container_id text, image_ref text, image_id text, settings jsonb, sealed_env text,
  paths jsonb, has_data boolean, exit jsonb, last_error jsonb, reserved jsonb, container_created_at timestamptz,
  started_at timestamptz, created_at timestamptz, updated_at timestamptz)`;

const MUTABLE = [
  'version',
  'state',
  'projected',
  'seq',
  'node_id',
  'incarnation',
  'container_id',
  'image_ref',
  'image_id',
  'settings',
  'sealed_env',
  'paths',
  'has_data',
  'exit',
  'last_error',
  'reserved',
  'container_created_at',
  'started_at',
  'updated_at',
];

/** Zero rows where the bot is no longer at the version it was judged at. */
const UPDATE_BOT = `UPDATE bot SET ${MUTABLE.map((column) => `${column} = r.${column}`).join(', ')}
  FROM jsonb_to_record($1::jsonb) AS ${BOT_RECORD}
  WHERE bot.key = r.key AND bot.version = $2::int RETURNING bot.key`;

/** Zero rows where somebody else has just named the bot. */
const INSERT_BOT = `INSERT INTO bot (key, tenant_id, bot_id, created_at, ${MUTABLE.join(', ')})
  SELECT r.key, r.tenant_id, r.bot_id, r.created_at, ${MUTABLE.map((column) => `r.${column}`).join(', ')}
  FROM jsonb_to_record($1::jsonb) AS ${BOT_RECORD} WHERE $2::int IS NULL
  ON CONFLICT (tenant_id, bot_id) DO NOTHING RETURNING key`;

/** A node as placement sees it: NodeCandidate. */
const NODE_CANDIDATE = `jsonb_build_object('id', id, 'status', CASE WHEN up THEN status ELSE 'down' END,
  'size', jsonb_build_object('cpus', NULLIF(cpus, 0), 'memoryMb', NULLIF(memory_mb, 0)),
  'ceiling', jsonb_build_object('cpus', max_cpus, 'memoryMb', max_memory_mb),
  'reserved', jsonb_build_object('cpus', reserved_cpus, 'memoryMb', reserved_memory_mb, 'containers', reserved_containers))`;

const commitStatement = (writeBot: string): string => `
WITH done AS (${writeBot}),
writes AS (SELECT w.* FROM done, jsonb_to_recordset($3::jsonb) AS w(id uuid, tenant_id uuid, bot_key uuid, seq int,
  kind text, status text, params jsonb, sealed_env text, digest text, target text, noop boolean, attempt int,
  claim_epoch int, claimed_by text, cancel_requested text, phase text, progress jsonb, result jsonb, error jsonb,
  requested_by jsonb, request_id text, dispatch int, created_at timestamptz, started_at timestamptz, finished_at timestamptz,
  is_new boolean, lease_seconds double precision, due_in_ms double precision, rung boolean)),
inserted AS (INSERT INTO operation (id, tenant_id, bot_key, seq, kind, status, params, sealed_env, digest, target, noop,
    attempt, result, error, requested_by, request_id, dispatch, dispatched_at, created_at, started_at, finished_at, deadline_at)
  SELECT id, tenant_id, bot_key, seq, kind, status, params, CASE WHEN finished_at IS NULL THEN sealed_env END, digest,
    target, noop, attempt, result, error, requested_by, request_id, dispatch, CASE WHEN rung THEN now() END,
    created_at, started_at, finished_at, now() + interval '${OPERATION_DEADLINE_SECONDS} s'
  FROM writes WHERE is_new),
updated AS (UPDATE operation o SET status = w.status, target = w.target, attempt = w.attempt,
    claim_epoch = w.claim_epoch, claimed_by = w.claimed_by,
    sealed_env = CASE WHEN w.finished_at IS NULL THEN o.sealed_env END,
    cancel_requested = COALESCE(w.cancel_requested, o.cancel_requested),
    phase = CASE WHEN w.status = 'running' AND o.claim_epoch = w.claim_epoch THEN o.phase ELSE w.phase END,
    progress = CASE WHEN w.status = 'running' AND o.claim_epoch = w.claim_epoch THEN o.progress ELSE w.progress END,
    result = w.result, error = w.error, started_at = w.started_at, finished_at = w.finished_at,
    lease_expires_at = CASE WHEN w.status <> 'running' THEN NULL
      WHEN w.lease_seconds IS NULL THEN o.lease_expires_at ELSE now() + make_interval(secs => w.lease_seconds) END,
    due_at = CASE WHEN w.due_in_ms > 0 THEN now() + make_interval(secs => w.due_in_ms / 1000) ELSE o.due_at END,
    dispatch = GREATEST(o.dispatch, w.dispatch),
    dispatched_at = CASE WHEN w.rung THEN now() ELSE o.dispatched_at END
  FROM writes w WHERE o.id = w.id AND NOT w.is_new),
noted AS (INSERT INTO event (tenant_id, bot_key, bot_id, version, type, data)
  SELECT r.tenant_id, r.key, r.bot_id, e.version, e.type, e.data
  FROM done, jsonb_to_record($1::jsonb) AS r(key uuid, tenant_id uuid, bot_id text),
    jsonb_to_recordset($4::jsonb) AS e(version int, type text, data jsonb) ORDER BY e.version),
promised AS (UPDATE node SET
    reserved_cpus = CASE WHEN $7 AND d.cpus > 0 AND reserved_cpus + d.cpus > max_cpus
      THEN berth_refuse('no_capacity') ELSE greatest(0, round((reserved_cpus + d.cpus)::numeric, 3)) END,
    reserved_memory_mb = CASE WHEN $7 AND d.memory > 0 AND reserved_memory_mb + d.memory > max_memory_mb
      THEN berth_refuse('no_capacity') ELSE greatest(0, reserved_memory_mb + d.memory) END,
    reserved_containers = greatest(0, reserved_containers + d.containers)
  FROM done, jsonb_to_record($5::jsonb) AS d(node_id text, cpus double precision, memory bigint, containers int)
  WHERE node.id = d.node_id),
remembered AS (INSERT INTO idempotency_key (tenant_id, key, fingerprint, operation_id, status_code, answer)
  SELECT i.tenant_id, i.key, i.fingerprint, i.operation_id, i.status_code, i.answer
  FROM done, jsonb_to_record($6::jsonb) AS i(tenant_id uuid, key text, fingerprint text, operation_id uuid,
    status_code int, answer text) WHERE i.key IS NOT NULL)
SELECT count(*)::int AS done FROM done`;

const COMMIT_UPDATE = commitStatement(UPDATE_BOT);
const COMMIT_INSERT = commitStatement(INSERT_BOT);

export type CommitResult = 'committed' | 'lost_race' | 'no_capacity' | 'idempotency_conflict';

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
      const rows = await this.database.query<{ done: number }>(
        change.expectVersion === null ? COMMIT_INSERT : COMMIT_UPDATE,
        [
          JSON.stringify(fromBot(change.bot)),
          change.expectVersion,
          JSON.stringify(writes),
          JSON.stringify(events),
          JSON.stringify(reservationRecord(change)),
          JSON.stringify(idempotency ? idempotencyRow(idempotency) : {}),
          enforceCapacity,
        ],
      );
      return rows[0]?.done === 1 ? 'committed' : 'lost_race';
    } catch (error) {
      if (error instanceof DatabaseFault && error.kind === 'refused') return 'no_capacity';
      if (error instanceof DatabaseFault && error.kind === 'conflict') {
        return error.constraint === 'idempotency_key_pkey' ? 'idempotency_conflict' : 'lost_race';
      }
      throw error;
    }
  }
}

function reservationRecord({ reservation }: Change): Record<string, unknown> {
  if (!reservation) return {};
  const { cpus, memoryMb, containers } = reservation.delta;
  return { node_id: reservation.nodeId, cpus, memory: memoryMb, containers };
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
