import { test } from '@jest/globals';
import fc from 'fast-check';
import {
  accept,
  cancel,
  claim,
  expire,
  goneFacts,
  markUnknown,
  MAX_ATTEMPTS,
  observe,
  OPERATION_KINDS,
  Refusal,
  settle,
  transition,
  type BotFacts,
  type Observation,
  type Operation,
  type OperationError,
  type OperationParams,
  type Outcome,
  type SnapshotFacts,
} from '../index.js';
import assert from 'node:assert/strict';
import { LaneModel } from './lane-model.js';
import { at, request, settings } from './lanes.js';

const verbs = OPERATION_KINDS.map((kind) => kind.replace('container.', ''));
const engineStates = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'] as const;

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('accept' as const),
      verb: fc.constantFrom('create', 'start', ...verbs),
      flag: fc.boolean(),
      cpus: fc.constantFrom(0.5, 1, 2),
      pick: fc.nat(4),
      stale: fc.integer({ max: 9 }).map((n) => n === 0),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('claim' as const), index: fc.constantFrom(0, 0, 0, 1) }) },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      outcome: fc.constantFrom('succeeded', 'succeeded', 'succeeded', 'failed', 'retry', 'retry', 'cancelled'),
      counts: fc.boolean(),
      found: fc.constantFrom('nothing', 'as it was', 'gone', 'stopped', 'failed'),
      stale: fc.integer({ max: 9 }).map((n) => n === 0),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), index: fc.nat(3) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('expire' as const), lease: fc.boolean(), overdue: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('observe' as const),
      engineState: fc.constantFrom(...engineStates, 'gone' as const),
      exitCode: fc.constantFrom(null, 0, 1, 137, 143),
      oomKilled: fc.boolean(),
      began: fc.integer({ min: 1, max: 8 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('markUnknown' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type StepOf<D extends Step['do']> = Extract<Step, { do: D }>;

const error: OperationError = { code: 'docker_error', message: 'It broke.', retryable: true };
let serial = 0;

/** At most so many snapshots may a bot have here. */
const MAX_SNAPSHOTS = 3;

function paramsOf(model: LaneModel, { verb, flag, cpus, pick }: StepOf<'accept'>): OperationParams {
  const resources = { cpus, memoryMb: flag ? 512 : 256, pids: 64 };
  const subject = model.standing(pick, MAX_SNAPSHOTS).subject?.id ?? 'none';
  switch (verb) {
    case 'create':
      return { start: flag, settings: settings({ resources }) };
    case 'delete':
      return { purgeData: flag };
    case 'snapshot.create':
      return { snapshotId: `s-${(serial += 1)}`, name: `${serial}`, scope: flag ? 'all' : 'container' };
    case 'snapshot.restore':
      return { snapshotId: subject, safetySnapshotId: flag ? `s-${(serial += 1)}` : null };
    case 'snapshot.delete':
      return { snapshotId: subject };
    default:
      return {};
  }
}

function doAccept(model: LaneModel, step_: StepOf<'accept'>): void {
  const { verb, stale, pick } = step_;
  const create = verb === 'create';
  if (create && model.bot.nodeId === null) model.place();
  // A bot that nobody has named is refused before the rules are asked.
  if (!create && !model.exists) return;
  const params = paramsOf(model, step_);
  const ifVersion = stale ? model.bot.version + 1 : null;
  const asked = request(verb, { operationId: `op-${(serial += 1)}`, params, ifVersion });
  const snapshots = model.standing(pick, MAX_SNAPSHOTS);
  const step = transition(model.bot.projected, asked);
  const running = model.operations.filter((each) => each.status === 'running');
  try {
    const verdict = accept(model.lane(), { ...asked, snapshots }, { isNewBot: !model.exists });
    if (verdict.verdict === 'join') {
      const { status, digest } = verdict.operation;
      assert.deepEqual([status, digest], ['queued', asked.digest]);
      assert.equal(model.operations.at(verdict.position)?.id, verdict.operation.id);
      return;
    }
    const before = model.bot;
    model.apply(verdict.change);
    if (verdict.verdict === 'noop') {
      assert.equal(step, 'noop');
      assert.deepEqual([verdict.change.events, model.bot], [[], before]);
      return;
    }
    assert.notEqual(step, 'refused');
    assert.equal(model.operations.at(-1)?.id, asked.operationId);
    if (verb === 'delete') assert.equal(model.operations.length, running.length + 1);
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    const ofSnapshots = ['snapshot_not_found', 'snapshot_busy', 'quota_exceeded', 'validation_failed'];
    if (stale) assert.equal(refusal.code, 'version_mismatch');
    else if (step === 'refused') assert.equal(refusal.code, 'invalid_transition');
    else if (refusal.code === 'invalid_transition') assert.equal(snapshots.subject?.status, 'failed');
    else assert(verb.startsWith('snapshot.') && ofSnapshots.includes(refusal.code), refusal.code);
  }
}

function doClaim(model: LaneModel, index: number): void {
  const { operations } = model;
  const wanted = operations[index];
  const change = model.apply(
    claim(model.lane(), wanted?.id ?? 'none', { nodeId: model.bot.nodeId ?? '', leaseSeconds: 30 }),
  );
  const waits = wanted?.status === 'queued' && wanted.due;
  const free = waits || (wanted?.status === 'running' && wanted.leaseExpired);
  const may = index === 0 && free && !wanted.cancelRequested && wanted.attempt < MAX_ATTEMPTS;
  assert.equal(change !== null, may);
  if (change) assert.equal(model.head?.claimEpoch, model.bot.version - change.events.length + 1);
}

/** What the engine shows where an operation has done all of its work. */
function done(model: LaneModel, { kind, target, params }: Operation): BotFacts {
  const { bot } = model;
  if (kind === 'container.delete') return { ...goneFacts(bot), hasData: bot.hasData && !params.purgeData };
  if (kind !== 'container.create') return { state: target, containerId: bot.containerId ?? 'c' };
  return { ...halfDone(model, params.settings), state: target };
}

const halfDone = ({ bot }: LaneModel, made = settings()): BotFacts => ({
  state: 'stopped',
  containerId: `c${bot.incarnation + 1}`,
  incarnation: bot.incarnation + 1,
  settings: made,
  hasData: true,
});

function doSettle(model: LaneModel, { outcome, counts, found, stale }: Omit<StepOf<'settle'>, 'do'>): void {
  const { head, bot } = model;
  if (!head) return;
  const run = { operationId: head.id, epoch: (head.claimEpoch ?? 0) + (stale ? 1 : 0) };
  const facts: Record<typeof found, BotFacts | null> = {
    nothing: null,
    'as it was': { state: bot.state },
    gone: goneFacts(bot),
    stopped: halfDone(model, head.params.settings ?? bot.settings ?? settings()),
    failed: { ...halfDone(model, head.params.settings ?? bot.settings ?? settings()), state: 'failed' },
  };
  const ends: Record<typeof outcome, Outcome> = {
    succeeded: { outcome: 'succeeded', result: {} },
    failed: { outcome: 'failed', error },
    retry: { outcome: 'retry', error, countsAsAttempt: counts, backoffMs: 100 },
    cancelled: { outcome: 'cancelled' },
  };
  const end = ends[outcome];
  const after = outcome === 'succeeded' ? done(model, head) : (facts[found] ?? null);
  const change = model.apply(settle(model.lane(), run, end, after, captured(head, outcome === 'succeeded' || counts)));
  assert.equal(change !== null, head.status === 'running' && !stale);
}

const FACTS: SnapshotFacts = { volumes: [], sizeBytes: 1, dataSizeBytes: 0, layers: 2, freezeMs: 1 };

/** What was captured on the way, where it came to that. */
function captured({ kind, params }: Operation, made: boolean): Record<string, SnapshotFacts> {
  const id = kind === 'snapshot.create' ? params.snapshotId : params.safetySnapshotId;
  return made && id ? { [id]: FACTS } : {};
}

/** As engines tell it: what is up began after its last end, what is down ended after it began. */
function observed(
  containerId: string,
  { engineState, exitCode, oomKilled, began }: StepOf<'observe'>,
): Observation | null {
  if (engineState === 'gone') return null;
  const up = engineState === 'running' || engineState === 'paused';
  if (engineState === 'created') {
    return { containerId, engineState, exitCode: null, oomKilled: false, startedAt: null, finishedAt: null };
  }
  const [startedAt, finishedAt] = [at(2 * began), up && began === 1 ? null : at(2 * began + (up ? -1 : 1))];
  return { containerId, engineState, exitCode, oomKilled, startedAt, finishedAt };
}

function doObserve(model: LaneModel, step: StepOf<'observe'>): void {
  const { containerId, state } = model.bot;
  const observation = containerId === null ? null : observed(containerId, step);
  const busy = model.head?.status === 'running' && state !== 'unknown';
  const change = model.apply(observe(model.lane(), observation));
  if (busy) assert.equal(change, null);
  // Looked at again, it is as it was seen.
  assert.equal(observe(model.lane(), observation), null);
}

function take(model: LaneModel, step: Step): void {
  switch (step.do) {
    case 'accept':
      return doAccept(model, step);
    case 'claim':
      return doClaim(model, step.index);
    case 'settle':
      return doSettle(model, step);
    case 'cancel':
      return void model.apply(cancel(model.lane(), model.operations[step.index]?.id ?? 'none'));
    case 'expire':
      model.pass({ leaseExpired: model.head?.status === 'running' && step.lease, overdue: step.overdue });
      return void model.apply(expire(model.lane()));
    case 'wait':
      return model.pass({ due: true });
    case 'observe':
      return doObserve(model, step);
    case 'markUnknown':
      return void model.apply(markUnknown(model.lane()));
  }
}

/** Time passes and workers do their work, until nothing is left to do. */
function drain(model: LaneModel): void {
  for (let turns = 0; model.head; turns += 1) {
    if (turns > 1_000) throw new Error(`the lane does not drain: ${JSON.stringify(model.head)}`);
    model.pass({ due: true, leaseExpired: model.head.status === 'running', overdue: false });
    if (!model.apply(expire(model.lane()))) doClaim(model, 0);
    if (model.head?.status === 'running') {
      doSettle(model, { outcome: 'succeeded', counts: true, found: 'nothing', stale: false });
    }
  }
}

test('a lane keeps its promises, whatever happens to it in whatever order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      const model = new LaneModel();
      for (const each of steps) take(model, each);
      drain(model);
      for (const operation of model.all.values()) {
        assert(['succeeded', 'failed', 'cancelled'].includes(operation.status));
        assert.notEqual(operation.finishedAt, null);
        assert.equal(model.ends.get(operation.id) ?? 0, operation.noop ? 0 : 1);
      }
      if (model.bot.state !== 'unknown') assert.equal(model.bot.projected, model.bot.state);
      for (const { status } of model.snapshots.values()) assert(['ready', 'failed'].includes(status));
    }),
    { numRuns: 2_500 },
  );
});
