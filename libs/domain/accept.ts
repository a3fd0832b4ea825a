import type { Bot, Change, Lane, Operation, OperationParams, Requester } from './bot.js';
import { ChangeBuilder } from './change.js';
import { Refusal, verbOf } from './refusal.js';
import { planSnapshots, type SnapshotStanding } from './snapshot-rules.js';
import { statusOf } from './status.js';
import { allowedCommands, transition } from './transitions.js';
import type { OperationKind } from './vocabulary.js';

/** What a caller asks for, resolved and ready to be judged. */
export interface Request {
  /** Of the operation it may become. */
  operationId: string;
  kind: OperationKind;
  params: OperationParams;
  digest: string;
  sealedEnv: string | null;
  requestedBy: Requester;
  requestId: string | null;
  /** From `If-Match`; null where the caller does not mind. */
  ifVersion: number | null;
  /** What is known of the snapshot it names, and of the bot's others. */
  snapshots?: SnapshotStanding;
}

/** The published rules' answer to a request. */
export type Verdict =
  | { verdict: 'noop'; operation: Operation; change: Change }
  | { verdict: 'join'; operation: Operation; position: number }
  | { verdict: 'queue'; operation: Operation; position: number; change: Change };

/** How many operations may wait for one bot. */
export const LANE_LIMIT = 100;

/**
 * Judges a request against the state that the bot will be in when its lane has run, and describes what
 * accepting it changes. Order of the rules: version, no-op, join, supersede, queue behind. Throws Refusal.
 */
export function accept(lane: Lane, request: Request, options: { isNewBot: boolean }): Verdict {
  const { bot } = lane;
  if (request.ifVersion !== null && request.ifVersion !== bot.version) {
    throw new Refusal('version_mismatch', `The container is at version ${bot.version}; read it again and decide anew.`);
  }
  const waiting = lane.operations.filter((operation) => operation.status === 'queued');
  const step = transition(bot.projected, request);
  if (step === 'noop' && !purgesKeptData(lane, request) && !isUncertain(lane)) return refuseNothing(lane, request);

  const last = lane.operations.at(-1);
  if (
    last?.status === 'queued' &&
    joins(request.kind) &&
    last.kind === request.kind &&
    last.digest === request.digest
  ) {
    return { verdict: 'join', operation: last, position: lane.operations.length - 1 };
  }
  if (step === 'refused') throw refusal(lane, request.kind);
  if (request.kind !== 'container.delete' && waiting.length >= LANE_LIMIT) {
    throw new Refusal(
      'quota_exceeded',
      `${LANE_LIMIT} operations wait for this bot already; wait until some have run.`,
    );
  }

  const target = step === 'noop' ? bot.projected : step.to;
  const builder = new ChangeBuilder(lane, options);
  if (request.kind === 'container.delete') supersede(builder, request);
  const params = planSnapshots(builder, lane, request);
  const operation = newOperation(lane, { ...request, params }, { seq: bot.seq + 1, target, noop: false });
  builder.updateBot({ seq: bot.seq + 1, projected: target }).append(operation);
  const change = builder.build();
  const accepted = change.operations.at(-1) ?? operation;
  return { verdict: 'queue', operation: accepted, position: change.operations.length - 1, change };
}

/** Each snapshot is one of its own, and so is what is done to it. */
const joins = (kind: OperationKind): boolean => !kind.startsWith('snapshot.');

/** A delete leaves nothing waiting and asks what runs to stop. */
function supersede(builder: ChangeBuilder, request: Request): void {
  const message = `Superseded by delete ${request.operationId}.`;
  for (const each of builder.waiting) builder.cancelWaiting(each, { code: 'cancelled', message, retryable: false });
  const running = builder.running;
  if (running && running.kind !== 'container.delete') builder.update(running.id, { cancelRequested: 'superseded' });
}

/** What runs last was asked to stop, so it may not lead where it was to lead: only a new operation can promise that. */
function isUncertain(lane: Lane): boolean {
  const last = lane.operations.at(-1);
  return last?.status === 'running' && last.cancelRequested !== null;
}

/** Data volumes outlive their container, so purging them is work even where the container is gone. */
function purgesKeptData(lane: Lane, request: Request): boolean {
  if (request.kind !== 'container.delete' || !request.params.purgeData) return false;
  const last = lane.operations.at(-1);
  if (last?.kind === 'container.delete' && last.params.purgeData) return false;
  return lane.bot.hasData || lane.operations.length > 0;
}

function refuseNothing(lane: Lane, request: Request): Verdict {
  const operation: Operation = {
    ...newOperation(lane, request, { seq: null, target: lane.bot.projected, noop: true }),
    status: 'succeeded',
    result: {},
    startedAt: lane.now,
    finishedAt: lane.now,
  };
  const change: Change = {
    expectVersion: lane.bot.version,
    bot: lane.bot,
    operations: lane.operations,
    writes: [{ operation, isNew: true, leaseSeconds: null, dueInMs: 0, rung: false }],
    events: [],
    snapshots: [],
    tasks: [],
    descends: false,
    reservation: null,
  };
  return { verdict: 'noop', operation, change };
}

function refusal(lane: Lane, kind: OperationKind): Refusal {
  const { bot } = lane;
  const allowed = allowedCommands(bot.projected).map(verbOf);
  const running = lane.operations.find((operation) => operation.status === 'running');
  const after = lane.operations.length > 0 ? 'will be, when its queue has run,' : 'is';
  return new Refusal(
    'invalid_transition',
    `Cannot ${verbOf(kind)} a container that ${after} ${bot.projected}. Allowed: ${allowed.join(', ')}.`,
    { containerStatus: statusOf(bot.state, running?.kind ?? null), allowed },
  );
}

function newOperation(lane: Lane, request: Request, place: Pick<Operation, 'seq' | 'target' | 'noop'>): Operation {
  const { bot } = lane;
  return {
    id: request.operationId,
    tenantId: bot.tenantId,
    botKey: bot.key,
    botId: bot.botId,
    nodeId: bot.nodeId,
    kind: request.kind,
    status: 'queued',
    params: request.params,
    digest: request.digest,
    sealedEnv: request.sealedEnv,
    ...place,
    attempt: 0,
    claimEpoch: null,
    claimedBy: null,
    cancelRequested: null,
    phase: null,
    progress: null,
    result: null,
    error: null,
    requestedBy: request.requestedBy,
    requestId: request.requestId,
    dispatch: 0,
    createdAt: lane.now,
    startedAt: null,
    finishedAt: null,
    leaseExpired: false,
    due: true,
    overdue: false,
  };
}

/** A bot nobody has named before. */
export function newBot(
  identity: Pick<Bot, 'key' | 'tenantId' | 'tenantSlug' | 'botId'>,
  nodeId: string,
  now: string,
): Bot {
  return {
    ...identity,
    version: 0,
    state: 'absent',
    projected: 'absent',
    seq: 0,
    nodeId,
    incarnation: 0,
    containerId: null,
    image: null,
    settings: null,
    sealedEnv: null,
    paths: [],
    hasData: false,
    currentSnapshotId: null,
    exit: null,
    lastError: null,
    tasks: [],
    reserved: { cpus: 0, memoryMb: 0, containers: 0 },
    containerCreatedAt: null,
    startedAt: null,
    createdAt: now,
    updatedAt: now,
  };
}
