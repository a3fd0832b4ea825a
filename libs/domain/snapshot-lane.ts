import type { Bot, Operation } from './bot.js';
import { newSnapshot, safetyName } from './new-snapshot.js';
import type { Snapshot, SnapshotFacts, SnapshotWrite } from './snapshot.js';
import type { EventType } from './vocabulary.js';

/** What a change offers to the rules of snapshots. */
interface SnapshotChange {
  readonly bot: Bot;
  updateBot(facts: Partial<Bot>): unknown;
  snapshot(id: string): Snapshot | null;
  writeSnapshot(write: SnapshotWrite['write'], snapshot: Snapshot): unknown;
  announceSnapshot(type: Extract<EventType, `snapshot.${string}`>, operation: Operation, snapshot: Snapshot): unknown;
}

/**
 * When an operation is begun, what it makes is a child of what the container descends from by then: operations before
 * it in the lane may have moved that.
 */
export function beginSnapshots(change: SnapshotChange, { kind, params }: Operation, now: string): void {
  if (kind === 'snapshot.create') {
    const made = change.snapshot(params.snapshotId ?? '');
    if (!made) return;
    const image = change.bot.settings?.image ?? null;
    change.writeSnapshot('update', { ...made, parentId: change.bot.currentSnapshotId, image });
  }
  const safetyId = kind === 'snapshot.restore' ? params.safetySnapshotId : null;
  if (safetyId && !change.snapshot(safetyId)) {
    const name = safetyName(params.name ?? '', now);
    const given = { id: safetyId, name, description: null, scope: 'all', origin: 'safety' } as const;
    change.writeSnapshot('insert', newSnapshot(change.bot, given, now));
  }
}

/** When an operation has ended, however it did, so have the snapshots that it was about. */
export function endSnapshots(
  change: SnapshotChange,
  operation: Operation,
  captured: Record<string, SnapshotFacts>,
): void {
  switch (operation.kind) {
    case 'snapshot.create':
      return endCreate(change, operation, captured);
    case 'snapshot.restore':
      return endRestore(change, operation, captured);
    case 'snapshot.delete':
      return endDelete(change, operation);
    default:
      return;
  }
}

function endCreate(change: SnapshotChange, operation: Operation, captured: Record<string, SnapshotFacts>): void {
  const made = change.snapshot(operation.params.snapshotId ?? '');
  if (!made) return;
  const facts = captured[made.id];
  if (operation.status === 'succeeded' && facts) return ready(change, operation, made, facts);
  change.writeSnapshot('update', { ...made, status: 'failed', error: operation.error });
}

/** The container descends from it from now on. */
function ready(change: SnapshotChange, operation: Operation, made: Snapshot, facts: SnapshotFacts): void {
  const snapshot: Snapshot = { ...made, ...facts, status: 'ready', error: null };
  change.writeSnapshot('update', snapshot);
  change.updateBot({ currentSnapshotId: snapshot.id });
  change.announceSnapshot('snapshot.created', operation, snapshot);
}

function endRestore(change: SnapshotChange, operation: Operation, captured: Record<string, SnapshotFacts>): void {
  const { snapshotId, safetySnapshotId } = operation.params;
  const safety = change.snapshot(safetySnapshotId ?? '');
  const facts = safety && captured[safety.id];
  if (facts) ready(change, operation, safety, facts);
  // Nobody was promised one that was never taken.
  else if (safety?.status === 'creating') change.writeSnapshot('remove', safety);
  const restored = change.snapshot(snapshotId ?? '');
  if (operation.status !== 'succeeded' || !restored) return;
  change.updateBot({ currentSnapshotId: restored.id });
  change.announceSnapshot('snapshot.restored', operation, restored);
}

function endDelete(change: SnapshotChange, operation: Operation): void {
  const snapshot = change.snapshot(operation.params.snapshotId ?? '');
  if (!snapshot) return;
  if (operation.status === 'succeeded') {
    change.writeSnapshot('remove', snapshot);
    if (change.bot.currentSnapshotId === snapshot.id) change.updateBot({ currentSnapshotId: snapshot.parentId });
    change.announceSnapshot('snapshot.deleted', operation, snapshot);
  } else if (operation.startedAt === null) {
    change.writeSnapshot('update', { ...snapshot, status: snapshot.layers > 0 ? 'ready' : 'failed' });
  } else {
    // Some of it may be gone.
    change.writeSnapshot('update', { ...snapshot, status: 'failed', error: operation.error });
  }
}
