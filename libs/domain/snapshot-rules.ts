import type { Lane, Operation, OperationParams } from './bot.js';
import { newSnapshot } from './new-snapshot.js';
import { Refusal } from './refusal.js';
import { holdsData, type Snapshot, type SnapshotWrite } from './snapshot.js';
import type { OperationKind } from './vocabulary.js';

/** What a request that names a snapshot is judged on, read after the lane. */
export interface SnapshotStanding {
  /** The one it names, of the same tenant; null where there is none. */
  subject: Snapshot | null;
  /** Of the bot, that its owner has taken and may still use. */
  living: number;
  /** How many a bot may have. */
  max: number;
  /** Whether a bot is being made of the subject. */
  forking: boolean;
}

interface SnapshotRequest {
  kind: OperationKind;
  params: OperationParams;
  snapshots?: SnapshotStanding;
}

interface Rows {
  writeSnapshot(write: SnapshotWrite['write'], snapshot: Snapshot): unknown;
}

/**
 * Judges what a request says of snapshots, writes what accepting it means for them, and returns its parameters with
 * what the snapshot says where the caller did not. Throws Refusal.
 */
export function planSnapshots(rows: Rows, lane: Lane, request: SnapshotRequest): OperationParams {
  const { kind, params, snapshots } = request;
  switch (kind) {
    case 'snapshot.create':
      planCreate(rows, lane, params, snapshots);
      return params;
    case 'snapshot.restore':
      return restoreParams(params, usable(ownOf(lane, snapshots), 'restore'));
    case 'snapshot.delete':
      planDelete(rows, lane, ownOf(lane, snapshots));
      return params;
    default:
      return params.fromSnapshot ? forkParams(lane, params, usable(snapshots, 'fork')) : params;
  }
}

/** Brings back all that the snapshot holds, where the caller did not say what. */
function restoreParams(params: OperationParams, subject: Snapshot): OperationParams {
  const scope = params.scope ?? subject.scope;
  if (subject.scope === 'container' && scope !== 'container') {
    throw new Refusal('validation_failed', `scope: snapshot "${subject.name}" holds the container alone, no data.`);
  }
  return { ...params, scope, name: subject.name };
}

function planCreate(rows: Rows, lane: Lane, params: OperationParams, snapshots: SnapshotStanding | undefined): void {
  const { living = 0, max = 0 } = snapshots ?? {};
  if (living >= max) {
    throw new Refusal('quota_exceeded', `This bot has ${living} snapshots, as many as it may; delete one first.`);
  }
  const { snapshotId = '', name = '', description = null } = params;
  const scope = params.scope === 'container' ? 'container' : 'all';
  const given = { id: snapshotId, name, description, scope, origin: 'manual' } as const;
  rows.writeSnapshot('insert', newSnapshot(lane.bot, given, lane.now));
}

/** Of this bot, not of another one of the tenant. */
function ownOf(lane: Lane, snapshots: SnapshotStanding | undefined): SnapshotStanding | undefined {
  return snapshots && { ...snapshots, subject: snapshots.subject?.botKey === lane.bot.key ? snapshots.subject : null };
}

function found(snapshots: SnapshotStanding | undefined): Snapshot {
  if (snapshots?.subject) return snapshots.subject;
  throw new Refusal('snapshot_not_found', 'There is no such snapshot; it may have been deleted.');
}

function usable(snapshots: SnapshotStanding | undefined, verb: string): Snapshot {
  const subject = found(snapshots);
  switch (subject.status) {
    case 'ready':
      return subject;
    case 'creating':
      throw new Refusal('snapshot_busy', `Snapshot "${subject.name}" is still being made; wait for its operation.`);
    case 'deleting':
      throw new Refusal('snapshot_busy', `Snapshot "${subject.name}" is being deleted; choose another.`);
    case 'failed':
      throw new Refusal(
        'invalid_transition',
        `Cannot ${verb} snapshot "${subject.name}": it failed and holds nothing.`,
        {
          allowed: ['delete'],
        },
      );
  }
}

/** Data that a bot has kept is its owner's: a fork must not stand in for it unasked. */
function forkParams({ bot }: Lane, params: OperationParams, subject: Snapshot): OperationParams {
  if (bot.nodeId !== null && bot.nodeId !== subject.nodeId) {
    throw new Refusal(
      'no_capacity',
      `Snapshot "${subject.name}" is on node ${subject.nodeId}, and what bot "${bot.botId}" has is on ${bot.nodeId}.`,
    );
  }
  if (!holdsData(subject.scope) || !bot.hasData) {
    const image = subject.image ?? params.settings?.image;
    return { ...params, ...(params.settings && image && { settings: { ...params.settings, image } }) };
  }
  throw new Refusal(
    'invalid_transition',
    `Bot "${bot.botId}" keeps data from before; delete its container with purgeData=true first, or take another botId.`,
    { containerStatus: bot.state, allowed: ['delete'] },
  );
}

function planDelete(rows: Rows, lane: Lane, snapshots: SnapshotStanding | undefined): void {
  const subject = found(snapshots);
  const user = lane.operations.find((operation) => names(operation, subject.id));
  if (subject.status === 'creating' || user || snapshots?.forking) {
    const by = user ? `${user.kind} ${user.id} uses it` : 'an operation uses it';
    throw new Refusal(
      'snapshot_busy',
      `Snapshot "${subject.name}" cannot be deleted now: ${by}. Wait for that to end.`,
    );
  }
  rows.writeSnapshot('update', { ...subject, status: 'deleting' });
}

const names = (operation: Operation, id: string): boolean =>
  operation.params.snapshotId === id || operation.params.safetySnapshotId === id;
