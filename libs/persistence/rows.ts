import type { Bot, Lane, Operation, Snapshot } from '#domain';

/** Rows as the hand-written statements return them; the only place that knows both spellings. */

/** An operation's row as `to_jsonb` writes it, with what the database's clock says of it. */
export type OperationJson = Record<string, unknown>;

/** Selects an operation `o` of a bot `b` as OperationJson. */
export const OPERATION_JSON = `to_jsonb(o) || jsonb_build_object(
  'bot_id', b.bot_id, 'node_id', b.node_id,
  'lease_expired', o.status = 'running' AND o.lease_expires_at <= now(),
  'due', o.due_at <= now(), 'overdue', o.deadline_at <= now())`;

/** Selects a snapshot `s` of a bot `b`. */
export const SNAPSHOT_JSON = `to_jsonb(s) || jsonb_build_object('bot_id', b.bot_id)`;

/** Selects a bot `b` of a tenant `t` with its lane, and the snapshots that the lane concerns; null where it has none. */
export const LANE_SELECT = `SELECT to_jsonb(b) AS bot, t.slug AS slug, now() AS now,
  COALESCE((SELECT jsonb_agg(${OPERATION_JSON} ORDER BY o.seq) FROM operation o
    WHERE o.bot_key = b.key AND o.status IN ('queued', 'running')), '[]'::jsonb) AS lane,
  CASE WHEN EXISTS (SELECT 1 FROM snapshot h WHERE h.bot_key = b.key) THEN
    COALESCE((SELECT jsonb_agg(${SNAPSHOT_JSON} ORDER BY s.id) FROM snapshot s
      WHERE s.bot_key = b.key AND (s.status IN ('creating', 'deleting') OR s.id::text IN
        (SELECT u.params->>'snapshotId' FROM operation u WHERE u.bot_key = b.key AND u.status IN ('queued', 'running')))),
      '[]'::jsonb) END AS snapshots
  FROM bot b JOIN tenant t ON t.id = b.tenant_id`;

export interface LaneRow {
  bot: Record<string, unknown>;
  slug: string;
  now: Date;
  lane: OperationJson[];
  snapshots: Record<string, unknown>[] | null;
}

const iso = (value: unknown): string => new Date(value as string).toISOString();
const isoOrNull = (value: unknown): string | null => (value == null ? null : iso(value));

export function toLane(row: LaneRow): Lane {
  return {
    bot: toBot(row.bot, row.slug),
    operations: row.lane.map(toOperation),
    snapshots: (row.snapshots ?? []).map(toSnapshot),
    hasSnapshots: row.snapshots !== null,
    now: iso(row.now),
  };
}

function toBot(row: Record<string, unknown>, tenantSlug: string): Bot {
  return {
    key: row['key'] as string,
    tenantId: row['tenant_id'] as string,
    tenantSlug,
    botId: row['bot_id'] as string,
    version: row['version'] as number,
    state: row['state'] as Bot['state'],
    projected: row['projected'] as Bot['projected'],
    seq: row['seq'] as number,
    nodeId: row['node_id'] as string | null,
    incarnation: row['incarnation'] as number,
    containerId: row['container_id'] as string | null,
    image: row['image_ref'] === null ? null : { ref: row['image_ref'] as string, id: row['image_id'] as string },
    settings: row['settings'] as Bot['settings'],
    sealedEnv: row['sealed_env'] as string | null,
    paths: row['paths'] as Bot['paths'],
    hasData: row['has_data'] as boolean,
    currentSnapshotId: row['current_snapshot_id'] as string | null,
    exit: row['exit'] as Bot['exit'],
    lastError: row['last_error'] as Bot['lastError'],
    tasks: row['tasks'] as Bot['tasks'],
    reserved: row['reserved'] as Bot['reserved'],
    containerCreatedAt: isoOrNull(row['container_created_at']),
    startedAt: isoOrNull(row['started_at']),
    createdAt: iso(row['created_at']),
    updatedAt: iso(row['updated_at']),
  };
}

export function toOperation(row: OperationJson): Operation {
  return {
    id: row['id'] as string,
    tenantId: row['tenant_id'] as string,
    botKey: row['bot_key'] as string,
    botId: row['bot_id'] as string,
    nodeId: row['node_id'] as string | null,
    kind: row['kind'] as Operation['kind'],
    status: row['status'] as Operation['status'],
    seq: row['seq'] as number | null,
    params: row['params'] as Operation['params'],
    digest: row['digest'] as string,
    sealedEnv: row['sealed_env'] as string | null,
    target: row['target'] as Operation['target'],
    noop: row['noop'] as boolean,
    attempt: row['attempt'] as number,
    claimEpoch: row['claim_epoch'] as number | null,
    claimedBy: row['claimed_by'] as string | null,
    cancelRequested: row['cancel_requested'] as Operation['cancelRequested'],
    phase: row['phase'] as string | null,
    progress: row['progress'] as Operation['progress'],
    result: row['result'] as Operation['result'],
    error: row['error'] as Operation['error'],
    requestedBy: row['requested_by'] as Operation['requestedBy'],
    requestId: row['request_id'] as string | null,
    dispatch: row['dispatch'] as number,
    createdAt: iso(row['created_at']),
    startedAt: isoOrNull(row['started_at']),
    finishedAt: isoOrNull(row['finished_at']),
    leaseExpired: row['lease_expired'] as boolean,
    due: row['due'] as boolean,
    overdue: row['overdue'] as boolean,
  };
}

/** The columns of a bot's row that a change writes. */
export function fromBot(bot: Bot): Record<string, unknown> {
  return {
    key: bot.key,
    tenant_id: bot.tenantId,
    bot_id: bot.botId,
    version: bot.version,
    state: bot.state,
    projected: bot.projected,
    seq: bot.seq,
    node_id: bot.nodeId,
    incarnation: bot.incarnation,
    container_id: bot.containerId,
    image_ref: bot.image?.ref ?? null,
    image_id: bot.image?.id ?? null,
    settings: bot.settings,
    sealed_env: bot.sealedEnv,
    paths: bot.paths,
    has_data: bot.hasData,
    current_snapshot_id: bot.currentSnapshotId,
    exit: bot.exit,
    last_error: bot.lastError,
    tasks: bot.tasks,
    reserved: bot.reserved,
    container_created_at: bot.containerCreatedAt,
    started_at: bot.startedAt,
    created_at: bot.createdAt,
    updated_at: bot.updatedAt,
  };
}

/** The columns of an operation's row that a change writes. */
export function fromOperation(operation: Operation): Record<string, unknown> {
  return {
    id: operation.id,
    tenant_id: operation.tenantId,
    bot_key: operation.botKey,
    seq: operation.seq,
    kind: operation.kind,
    status: operation.status,
    params: operation.params,
    sealed_env: operation.sealedEnv,
    digest: operation.digest,
    target: operation.target,
    noop: operation.noop,
    attempt: operation.attempt,
    claim_epoch: operation.claimEpoch,
    claimed_by: operation.claimedBy,
    cancel_requested: operation.cancelRequested,
    phase: operation.phase,
    progress: operation.progress,
    result: operation.result,
    error: operation.error,
    requested_by: operation.requestedBy,
    request_id: operation.requestId,
    dispatch: operation.dispatch,
    created_at: operation.createdAt,
    started_at: operation.startedAt,
    finished_at: operation.finishedAt,
  };
}

export function toSnapshot(row: Record<string, unknown>): Snapshot {
  return {
    id: row['id'] as string,
    tenantId: row['tenant_id'] as string,
    botKey: row['bot_key'] as string,
    botId: row['bot_id'] as string,
    nodeId: row['node_id'] as string,
    name: row['name'] as string,
    description: row['description'] as string | null,
    status: row['status'] as Snapshot['status'],
    parentId: row['parent_id'] as string | null,
    scope: row['scope'] as Snapshot['scope'],
    origin: row['origin'] as Snapshot['origin'],
    image: row['image'] as string | null,
    volumes: row['volumes'] as Snapshot['volumes'],
    sizeBytes: Number(row['size_bytes']),
    dataSizeBytes: Number(row['data_size_bytes']),
    layers: row['layers'] as number,
    freezeMs: row['freeze_ms'] as number,
    error: row['error'] as Snapshot['error'],
    createdAt: iso(row['created_at']),
  };
}

/** The columns of a snapshot's row that a change writes. */
export function fromSnapshot(snapshot: Snapshot): Record<string, unknown> {
  return {
    id: snapshot.id,
    tenant_id: snapshot.tenantId,
    bot_key: snapshot.botKey,
    node_id: snapshot.nodeId,
    name: snapshot.name,
    description: snapshot.description,
    status: snapshot.status,
    parent_id: snapshot.parentId,
    scope: snapshot.scope,
    origin: snapshot.origin,
    image: snapshot.image,
    volumes: snapshot.volumes,
    size_bytes: snapshot.sizeBytes,
    data_size_bytes: snapshot.dataSizeBytes,
    layers: snapshot.layers,
    freeze_ms: snapshot.freezeMs,
    error: snapshot.error,
    created_at: snapshot.createdAt,
  };
}
