import { describe, expect, test } from '@jest/globals';
import {
  accept,
  cancel,
  claim,
  expire,
  Refusal,
  safetyName,
  settle,
  type Change,
  type Lane,
  type OperationParams,
  type Snapshot,
  type SnapshotFacts,
  type SnapshotStanding,
} from '../index.js';
import { at, lane, NODE, operation } from './lanes.js';

const FACTS: SnapshotFacts = {
  volumes: [{ container: '/data', ref: 'berth/snapshot-data:s', sizeBytes: 5 }],
  sizeBytes: 15,
  dataSizeBytes: 5,
  layers: 3,
  freezeMs: 20,
};

const snapshot = (facts: Partial<Snapshot> = {}): Snapshot => ({
  id: 's1',
  tenantId: 'tenant-key',
  botKey: 'bot-key',
  botId: 'alice',
  nodeId: NODE,
  name: 'good',
  description: null,
  status: 'ready',
  parentId: null,
  scope: 'all',
  origin: 'manual',
  image: 'debian:bookworm-slim',
  ...FACTS,
  error: null,
  createdAt: at(0),
  ...facts,
});

const standing = (facts: Partial<SnapshotStanding> = {}): SnapshotStanding => ({
  subject: null,
  living: 0,
  max: 50,
  forking: false,
  ...facts,
});

function ask(on: Lane, kind: 'create' | 'restore' | 'delete', params: OperationParams, snapshots: SnapshotStanding) {
  const request = {
    operationId: 'asked',
    kind: `snapshot.${kind}` as const,
    params,
    digest: 'digest',
    sealedEnv: null,
    requestedBy: { type: 'apiKey', id: 'k', name: 'key' } as const,
    requestId: null,
    ifVersion: null,
    snapshots,
  };
  return accept(on, request, { isNewBot: false });
}

function refusal(run: () => unknown): Pick<Refusal, 'code' | 'message' | 'extra'> {
  try {
    run();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

const written = (change: Change | null): unknown[] =>
  (change?.snapshots ?? []).map(({ write, snapshot: { id, status, parentId } }) => [write, id, status, parentId]);
const told = (change: Change | null): string[] => (change?.events ?? []).map(({ type }) => type);

describe('a snapshot that is asked for', () => {
  const params = { snapshotId: 's1', name: 'good', description: null, scope: 'all' as const };

  test('is there from the first moment, as one that is being made', () => {
    const verdict = ask(lane('running'), 'create', params, standing());
    expect(verdict).toMatchObject({ verdict: 'queue', operation: { target: 'running', params } });
    if (verdict.verdict !== 'queue') return;
    expect(written(verdict.change)).toEqual([['insert', 's1', 'creating', null]]);
    expect(told(verdict.change)).toEqual(['operation.queued']);
  });

  test.each(['absent', 'failed'] as const)('of a container that is %s is refused', (state) => {
    const refused = refusal(() => ask(lane(state), 'create', params, standing()));
    expect(refused.code).toBe('invalid_transition');
    expect(refused.extra.allowed).not.toContain('snapshot');
  });

  test('is one too many beyond what a bot may have', () => {
    expect(refusal(() => ask(lane('running'), 'create', params, standing({ living: 50 }))).code).toBe('quota_exceeded');
    expect(ask(lane('running'), 'create', params, standing({ living: 49 })).verdict).toBe('queue');
  });

  test('never joins another', () => {
    const waiting = operation('snapshot.create', { kind: 'snapshot.create', digest: 'digest', target: 'running' });
    expect(ask(lane('running', [waiting]), 'create', params, standing()).verdict).toBe('queue');
  });
});

describe('a snapshot that is made', () => {
  const running = operation('x', {
    kind: 'snapshot.create',
    status: 'running',
    params: { snapshotId: 's1', name: 'good' },
    target: 'running',
  });
  const on = (facts: Partial<Lane> = {}): Lane => ({
    ...lane('running', [running], { currentSnapshotId: 's0' }),
    snapshots: [snapshot({ status: 'creating', parentId: 's0', layers: 0 })],
    hasSnapshots: true,
    ...facts,
  });
  const run = { operationId: running.id, epoch: 7 };
  const succeeded = { outcome: 'succeeded', result: {} } as const;
  const error = { code: 'disk_full', message: 'Full.', retryable: false } as const;

  test('descends from what the container descends from when it is begun', () => {
    const waiting = { ...running, status: 'queued' as const, startedAt: null };
    const change = claim(
      { ...on(), operations: [waiting], snapshots: [snapshot({ status: 'creating', image: null })] },
      running.id,
      { nodeId: NODE, leaseSeconds: 30 },
    );
    expect(written(change)).toEqual([['update', 's1', 'creating', 's0']]);
    expect(change?.snapshots[0]?.snapshot.image).toBe('debian:bookworm-slim');
  });

  test('is ready with what the engine told, and the container descends from it', () => {
    const change = settle(on(), run, succeeded, { state: 'running' }, { s1: FACTS });
    expect(change?.snapshots[0]).toMatchObject({ write: 'update', snapshot: { status: 'ready', ...FACTS } });
    expect(change?.bot.currentSnapshotId).toBe('s1');
    expect(change?.descends).toBe(true);
    expect(told(change)).toEqual(['operation.succeeded', 'snapshot.created']);
    expect(change?.events[1]?.snapshot).toMatchObject({ id: 's1', status: 'ready' });
  });

  test.each([
    ['failed', () => settle(on(), run, { outcome: 'failed', error }, { state: 'running' })],
    ['was cancelled', () => settle(on(), run, { outcome: 'cancelled' }, { state: 'running' })],
    ['lost its worker for good', () => expire(on({ operations: [{ ...running, leaseExpired: true, attempt: 5 }] }))],
    [
      'ran out of time without a worker',
      () => expire(on({ operations: [{ ...running, leaseExpired: true, overdue: true }] })),
    ],
    ['never began', () => cancel(on({ operations: [{ ...running, status: 'queued', startedAt: null }] }), running.id)],
  ])('is failed, with the reason, where its operation %s', (_, end) => {
    const change = end();
    expect(written(change)).toEqual([['update', 's1', 'failed', 's0']]);
    const [operationWrite] = change?.writes ?? [];
    expect(change?.snapshots[0]?.snapshot.error).toEqual(operationWrite?.operation.error);
    expect(change?.snapshots[0]?.snapshot.error).not.toBeNull();
    expect(change?.descends).toBe(false);
    expect(told(change)).not.toContain('snapshot.created');
  });

  test('stays as it is while its operation is tried again', () => {
    const retry = { outcome: 'retry', error, countsAsAttempt: true, backoffMs: 500 } as const;
    expect(written(settle(on(), run, retry, { state: 'running' }))).toEqual([]);
  });

  test('is failed where a delete of the container takes its turn', () => {
    const waiting = { ...running, status: 'queued' as const, startedAt: null, target: 'stopped' as const };
    const request = {
      operationId: 'delete',
      kind: 'container.delete' as const,
      params: {},
      digest: 'd',
      sealedEnv: null,
      requestedBy: { type: 'apiKey', id: 'k', name: 'key' } as const,
      requestId: null,
      ifVersion: null,
    };
    const verdict = accept(on({ operations: [waiting] }), request, { isNewBot: false });
    expect(verdict.verdict === 'queue' && written(verdict.change)).toEqual([['update', 's1', 'failed', 's0']]);
  });
});

describe('a restore', () => {
  const params = { snapshotId: 's1', safetySnapshotId: 'safe' };
  const good = standing({ subject: snapshot() });
  const running = operation('x', {
    kind: 'snapshot.restore',
    status: 'running',
    params: { ...params, scope: 'all', name: 'good' },
    target: 'running',
  });
  const on = (facts: Partial<Lane> = {}): Lane => ({
    ...lane('running', [running], { currentSnapshotId: 's2' }),
    snapshots: [snapshot(), snapshot({ id: 'safe', status: 'creating', origin: 'safety', parentId: 's2', layers: 0 })],
    hasSnapshots: true,
    ...facts,
  });
  const run = { operationId: running.id, epoch: 7 };
  const error = { code: 'start_failed', message: 'It ended.', retryable: false } as const;

  test.each([
    ['stopped', 'stopped'],
    ['running', 'running'],
    ['paused', 'running'],
    ['failed', 'stopped'],
  ] as const)('of a container that is %s leaves it %s', (state, target) => {
    expect(ask(lane(state), 'restore', params, good)).toMatchObject({ operation: { target } });
  });

  test('brings back all that the snapshot holds, unless less is asked for', () => {
    const scopeOf = (scope: 'all' | 'container', asked?: 'container' | 'data') => {
      const subject = snapshot({ scope });
      const verdict = ask(
        lane('running'),
        'restore',
        { ...params, ...(asked && { scope: asked }) },
        standing({ subject }),
      );
      return verdict.operation.params.scope;
    };
    expect(scopeOf('all')).toBe('all');
    expect(scopeOf('container')).toBe('container');
    expect(scopeOf('all', 'data')).toBe('data');
    expect(refusal(() => scopeOf('container', 'data')).code).toBe('validation_failed');
  });

  test.each([
    ['there is none', {}, 'snapshot_not_found'],
    ['it is another bot’s', { subject: snapshot({ botKey: 'other' }) }, 'snapshot_not_found'],
    ['it is being made', { subject: snapshot({ status: 'creating' }) }, 'snapshot_busy'],
    ['it is being deleted', { subject: snapshot({ status: 'deleting' }) }, 'snapshot_busy'],
    ['it failed', { subject: snapshot({ status: 'failed' }) }, 'invalid_transition'],
  ] as const)('is refused where %s', (_, facts, code) => {
    expect(refusal(() => ask(lane('running'), 'restore', params, standing(facts))).code).toBe(code);
  });

  test('takes its safety snapshot as a child of what the container descends from', () => {
    const waiting = { ...running, status: 'queued' as const, startedAt: null };
    const change = claim(on({ operations: [waiting], snapshots: [snapshot()] }), running.id, {
      nodeId: NODE,
      leaseSeconds: 9,
    });
    expect(written(change)).toEqual([['insert', 'safe', 'creating', 's2']]);
    expect(change?.snapshots[0]?.snapshot).toMatchObject({ origin: 'safety', name: safetyName('good', at(100)) });
    // Begun once more after a crash, it is the same one.
    expect(
      written(
        claim(on({ operations: [{ ...waiting, startedAt: at(1) }] }), running.id, { nodeId: NODE, leaseSeconds: 9 }),
      ),
    ).toEqual([]);
  });

  test('makes the container descend from what it brought back', () => {
    const change = settle(on(), run, { outcome: 'succeeded', result: {} }, { state: 'running' }, { safe: FACTS });
    expect(written(change)).toEqual([['update', 'safe', 'ready', 's2']]);
    expect(change?.bot.currentSnapshotId).toBe('s1');
    expect(told(change)).toEqual(['operation.succeeded', 'snapshot.created', 'snapshot.restored', 'container.status']);
  });

  test('that failed keeps the safety snapshot it had taken', () => {
    const change = settle(on(), run, { outcome: 'failed', error }, { state: 'running' }, { safe: FACTS });
    expect(written(change)).toEqual([['update', 'safe', 'ready', 's2']]);
    expect(change?.bot.currentSnapshotId).toBe('safe');
    expect(told(change)).not.toContain('snapshot.restored');
  });

  test('that failed before leaves no trace of one', () => {
    const change = settle(on(), run, { outcome: 'failed', error }, { state: 'running' });
    expect(written(change)).toEqual([['remove', 'safe', 'creating', 's2']]);
    expect(change?.descends).toBe(false);
  });
});

describe('the deletion of a snapshot', () => {
  const params = { snapshotId: 's1' };
  const subject = snapshot({ parentId: 's0' });
  const queued = operation('x', { kind: 'snapshot.delete', params, target: 'running' });
  const running = { ...queued, status: 'running' as const, claimEpoch: 7, attempt: 1, startedAt: at(1) };
  const on = (facts: Partial<Lane> = {}): Lane => ({
    ...lane('running', [running], { currentSnapshotId: 's1' }),
    snapshots: [{ ...subject, status: 'deleting' }],
    hasSnapshots: true,
    ...facts,
  });
  const run = { operationId: queued.id, epoch: 7 };
  const error = { code: 'docker_error', message: 'No.', retryable: false } as const;

  test.each(['absent', 'stopped', 'running', 'paused', 'failed', 'unknown'] as const)('is taken from %s', (state) => {
    const verdict = ask(lane(state), 'delete', params, standing({ subject }));
    expect(verdict.verdict === 'queue' && written(verdict.change)).toEqual([['update', 's1', 'deleting', 's0']]);
    expect(verdict.operation.target).toBe(state);
  });

  test('of a failed one is taken too', () => {
    const verdict = ask(lane('running'), 'delete', params, standing({ subject: snapshot({ status: 'failed' }) }));
    expect(verdict.verdict).toBe('queue');
  });

  test.each([
    ['it is being made', lane('running'), { subject: snapshot({ status: 'creating' }) }],
    ['a bot is made of it', lane('running'), { subject, forking: true }],
    ['a restore of it waits', lane('running', [operation('x', { kind: 'snapshot.restore', params })]), { subject }],
    [
      'it is the safety snapshot of a restore',
      lane('running', [
        operation('x', { kind: 'snapshot.restore', params: { snapshotId: 's9', safetySnapshotId: 's1' } }),
      ]),
      { subject },
    ],
    ['it is being deleted already', on(), { subject: { ...subject, status: 'deleting' as const } }],
  ])('is refused while %s', (_, where, facts) => {
    expect(refusal(() => ask(where, 'delete', params, standing(facts))).code).toBe('snapshot_busy');
  });

  test('removes it, and the container descends from its parent', () => {
    const change = settle(on(), run, { outcome: 'succeeded', result: {} }, { state: 'running' });
    expect(written(change)).toEqual([['remove', 's1', 'deleting', 's0']]);
    expect(change?.bot.currentSnapshotId).toBe('s0');
    expect(told(change)).toEqual(['operation.succeeded', 'snapshot.deleted']);
  });

  test('that never began leaves it as it was', () => {
    expect(written(cancel(on({ operations: [queued] }), queued.id))).toEqual([['update', 's1', 'ready', 's0']]);
    const failed = on({ operations: [queued], snapshots: [snapshot({ status: 'deleting', layers: 0 })] });
    expect(written(cancel(failed, queued.id))).toEqual([['update', 's1', 'failed', null]]);
  });

  test('that failed half-way leaves one that is failed, and can be deleted', () => {
    const change = settle(on(), run, { outcome: 'failed', error }, { state: 'running' });
    expect(written(change)).toEqual([['update', 's1', 'failed', 's0']]);
    expect(change?.bot.currentSnapshotId).toBe('s1');
  });
});

describe('a fork', () => {
  const request = (params: OperationParams) => ({
    operationId: 'asked',
    kind: 'container.create' as const,
    params,
    digest: 'digest',
    sealedEnv: null,
    requestedBy: { type: 'apiKey', id: 'k', name: 'key' } as const,
    requestId: null,
    ifVersion: null,
  });
  const base = operation('create').params;
  const params = { ...base, fromSnapshot: 's1' };
  const subject = snapshot({ botKey: 'other', image: 'alpine:3' });

  test('is made of any snapshot of the tenant, and says of which image that once was', () => {
    const verdict = accept(
      lane('absent'),
      { ...request(params), snapshots: standing({ subject }) },
      { isNewBot: false },
    );
    expect(verdict.operation.params).toMatchObject({ fromSnapshot: 's1', settings: { image: 'alpine:3' } });
  });

  test('never stands in for data that the bot has kept', () => {
    const on = lane('absent', [], { hasData: true });
    const refused = refusal(() =>
      accept(on, { ...request(params), snapshots: standing({ subject }) }, { isNewBot: false }),
    );
    expect(refused).toMatchObject({ code: 'invalid_transition', extra: { allowed: ['delete'] } });
    const alone = standing({ subject: { ...subject, scope: 'container' } });
    expect(accept(on, { ...request(params), snapshots: alone }, { isNewBot: false }).verdict).toBe('queue');
  });

  test('needs the node where the snapshot is', () => {
    const on = lane('absent', [], { nodeId: 'elsewhere' });
    expect(
      refusal(() => accept(on, { ...request(params), snapshots: standing({ subject }) }, { isNewBot: false })).code,
    ).toBe('no_capacity');
  });
});
