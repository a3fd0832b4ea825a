import type { Bot, CancelReason, Change, Lane, Operation } from './bot.js';
import { ChangeBuilder } from './change.js';
import type { SnapshotFacts } from './snapshot.js';
import type { ContainerState, OperationError } from './vocabulary.js';

/** How often an operation is tried before its error is final. */
export const MAX_ATTEMPTS = 5;

/**
 * Gives the head of the lane to a worker: waiting and due, or running with an expired lease. Null where it
 * is somebody else's, or not its turn.
 */
export function claim(
  lane: Lane,
  operationId: string,
  worker: { nodeId: string; leaseSeconds: number },
): Change | null {
  const head = lane.operations[0];
  if (head?.id !== operationId || lane.bot.nodeId !== worker.nodeId) return null;
  const claimable = (head.status === 'queued' && head.due) || (head.status === 'running' && head.leaseExpired);
  if (!claimable || head.attempt >= MAX_ATTEMPTS || head.cancelRequested) return null;
  const builder = new ChangeBuilder(lane);
  builder.update(
    operationId,
    {
      status: 'running',
      attempt: head.attempt + 1,
      claimEpoch: lane.bot.version + 1,
      claimedBy: worker.nodeId,
      phase: null,
      progress: null,
      startedAt: head.startedAt ?? lane.now,
    },
    { announce: 'operation.started', leaseSeconds: worker.leaseSeconds },
  );
  return builder.build();
}

/** What a container is now, read from the engine by the worker that acted. */
export type BotFacts = Partial<
  Pick<
    Bot,
    | 'containerId'
    | 'image'
    | 'incarnation'
    | 'settings'
    | 'sealedEnv'
    | 'paths'
    | 'hasData'
    | 'exit'
    | 'currentSnapshotId'
    | 'containerCreatedAt'
    | 'startedAt'
  >
> & { state: ContainerState };

export type Outcome =
  | { outcome: 'succeeded'; result: Record<string, unknown> }
  | { outcome: 'failed'; error: OperationError }
  /** Tried again after a backoff, unless its attempts are used up. */
  | { outcome: 'retry'; error: OperationError; countsAsAttempt: boolean; backoffMs: number }
  | { outcome: 'cancelled' };

/**
 * Ends one run of an operation, where the epoch is still the claimant's; null where it is not. `facts` null
 * means that nothing could be read, and the bot's facts stay as they were; `snapshots` is what was made on the way.
 */
export function settle(
  lane: Lane,
  run: { operationId: string; epoch: number },
  outcome: Outcome,
  facts: BotFacts | null,
  snapshots: Record<string, SnapshotFacts> = {},
): Change | null {
  const operation = lane.operations.find((each) => each.id === run.operationId);
  if (operation?.status !== 'running' || operation.claimEpoch !== run.epoch) return null;
  const builder = new ChangeBuilder(lane).captured(snapshots);
  if (facts) builder.updateBot(facts);
  finish(builder, lane, operation, outcome);
  builder.reproject((waiting, state) => predecessorFailed(operation, waiting, state));
  return builder.build();
}

/**
 * Whether a run has come to where its operation leads, whatever it was told meanwhile. Of a restart, an update and a purge, the
 * state alone does not tell.
 */
export function hasReached({ kind, params, target }: Operation, facts: BotFacts): boolean {
  const leadsBack = kind === 'container.restart' || kind === 'container.update' || kind.startsWith('snapshot.');
  return !leadsBack && !params.purgeData && facts.state === target;
}

function finish(builder: ChangeBuilder, lane: Lane, operation: Operation, outcome: Outcome): void {
  const ended = { finishedAt: lane.now, phase: null, progress: null };
  if (outcome.outcome === 'succeeded') {
    builder
      .updateBot({ lastError: null })
      .update(
        operation.id,
        { ...ended, status: 'succeeded', result: outcome.result, error: null },
        { announce: 'operation.succeeded' },
      );
    return;
  }
  if (outcome.outcome === 'cancelled' || (outcome.outcome === 'retry' && operation.cancelRequested)) {
    stopForGood(builder, lane, operation, operation.cancelRequested ?? 'requested');
    return;
  }
  const attempts = outcome.outcome === 'retry' && !outcome.countsAsAttempt ? operation.attempt - 1 : operation.attempt;
  if (outcome.outcome === 'retry' && attempts < MAX_ATTEMPTS) {
    builder.update(
      operation.id,
      {
        status: 'queued',
        attempt: attempts,
        error: outcome.error,
        claimEpoch: null,
        claimedBy: null,
        phase: null,
        progress: null,
      },
      { announce: 'operation.queued', dueInMs: Math.max(1, outcome.backoffMs) },
    );
    return;
  }
  builder
    .updateBot({ lastError: outcome.error })
    .update(operation.id, { ...ended, status: 'failed', error: outcome.error }, { announce: 'operation.failed' });
}

/** Ends a cancelled operation: as cancelled where somebody asked for it, as failed where its time was up. */
function stopForGood(builder: ChangeBuilder, lane: Lane, operation: Operation, reason: CancelReason): void {
  const ended = { finishedAt: lane.now, phase: null, progress: null };
  if (reason === 'deadline') {
    const error = deadlineError(operation);
    builder
      .updateBot({ lastError: error })
      .update(operation.id, { ...ended, status: 'failed', error }, { announce: 'operation.failed' });
    return;
  }
  const message = reason === 'superseded' ? 'Superseded by a later delete.' : 'Cancelled on request.';
  const error: OperationError = { code: 'cancelled', message, retryable: false };
  builder.update(operation.id, { ...ended, status: 'cancelled', error }, { announce: 'operation.cancelled' });
}

function deadlineError(operation: Operation): OperationError {
  if (operation.error) return operation.error;
  return { code: 'deadline_exceeded', message: 'It did not end in the time it has; try it again.', retryable: true };
}

export function predecessorFailed(before: Operation | null, waiting: Operation, state: ContainerState): OperationError {
  const why = before ? `${before.kind} ${before.id} ended otherwise` : 'it changed by other hands';
  return {
    code: 'predecessor_failed',
    message: `${waiting.kind} is not possible: the container is ${state}, since ${why}.`,
    retryable: false,
  };
}

/**
 * Cancels on request: a waiting operation ends at once, a running one is asked to stop, an ended one is left
 * as it is (null).
 */
export function cancel(lane: Lane, operationId: string, reason: CancelReason = 'requested'): Change | null {
  const operation = lane.operations.find((each) => each.id === operationId);
  if (!operation) return null;
  const builder = new ChangeBuilder(lane);
  if (operation.status === 'running') {
    if (operation.cancelRequested) return null;
    return builder.update(operationId, { cancelRequested: reason }).build();
  }
  stopForGood(builder, lane, operation, reason);
  return builder.reproject((waiting, state) => predecessorFailed(operation, waiting, state)).build();
}

/**
 * What the sweep does to a lane whose head is stuck: an expired lease goes back to waiting, or ends where it
 * was cancelled, is overdue or has no attempts left; an overdue waiting one ends. Null where nothing is stuck.
 */
export function expire(lane: Lane): Change | null {
  const head = lane.operations[0];
  if (!head) return null;
  const orphaned = head.status === 'running' && head.leaseExpired;
  const builder = new ChangeBuilder(lane);
  if (orphaned && (head.cancelRequested || head.overdue)) {
    stopForGood(builder, lane, head, head.cancelRequested ?? 'deadline');
  } else if (orphaned) {
    const error: OperationError = {
      code: 'attempts_exhausted',
      message: 'Its worker went away each time it was tried.',
      retryable: true,
    };
    finish(builder, lane, head, { outcome: 'retry', error, countsAsAttempt: true, backoffMs: 0 });
    if (head.attempt < MAX_ATTEMPTS) builder.update(head.id, { error: head.error }, { dueInMs: 0 });
  } else if (head.status === 'queued' && (head.cancelRequested || head.overdue)) {
    // Asked to stop in the same moment as it went back to waiting, or out of time.
    stopForGood(builder, lane, head, head.cancelRequested ?? 'deadline');
  } else if (head.status === 'running' && head.overdue && !head.cancelRequested) {
    return builder.update(head.id, { cancelRequested: 'deadline' }).build();
  } else {
    return null;
  }
  return builder.reproject((waiting, state) => predecessorFailed(head, waiting, state)).build();
}
