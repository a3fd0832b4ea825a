import { describe, expect, test } from '@jest/globals';
import {
  accept,
  CONTAINER_STATES,
  LANE_LIMIT,
  newBot,
  Refusal,
  type Lane,
  type Request,
  type Verdict,
} from '../index.js';
import { bot, find, lane, NODE, NOW, operation, request, rung, settings, told } from './lanes.js';

const judge = (where: Lane, what: Request): Verdict => accept(where, what, { isNewBot: false });

function queued(verdict: Verdict): Extract<Verdict, { verdict: 'queue' }> {
  if (verdict.verdict !== 'queue') throw new Error(`it was a ${verdict.verdict}`);
  return verdict;
}

function refused(where: Lane, what: Request): Refusal {
  try {
    judge(where, what);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

const full = (count: number) =>
  Array.from({ length: count }, (_, i) => operation(i % 2 === 0 ? 'restart' : 'stop', { seq: i + 1 }));

describe('a new bot', () => {
  test('is created, queued, rung and reserved for, in one change', () => {
    const fresh = newBot({ key: 'k', tenantId: 't', tenantSlug: 'acme', botId: 'alice' }, NODE, NOW);
    const verdict = queued(
      accept(
        { bot: fresh, operations: [], snapshots: [], hasSnapshots: false, now: NOW },
        request('create', { params: { start: true, settings: settings() } }),
        {
          isNewBot: true,
        },
      ),
    );
    const { change } = verdict;
    expect(verdict.position).toBe(0);
    expect(verdict.operation).toMatchObject({ status: 'queued', seq: 1, target: 'running', nodeId: NODE });
    expect(change).toMatchObject({
      expectVersion: null,
      bot: { version: 1, seq: 1, state: 'absent', projected: 'running', nodeId: NODE },
      reservation: { nodeId: NODE, delta: { cpus: 1, memoryMb: 512, containers: 1 } },
    });
    expect(change.writes).toMatchObject([{ isNew: true, rung: true, operation: { dispatch: 1 } }]);
    expect(told(change)).toEqual(['operation.queued new: absent -> absent']);
  });
});

describe('no-op', () => {
  test('succeeds at once and changes nothing of the bot', () => {
    const where = lane('running');
    const verdict = judge(where, request('start'));
    if (verdict.verdict !== 'noop') throw new Error(verdict.verdict);
    expect(verdict.operation).toMatchObject({ status: 'succeeded', noop: true, seq: null, finishedAt: where.now });
    expect(verdict.change).toMatchObject({ bot: where.bot, operations: [], events: [], reservation: null });
    expect(verdict.change.writes).toMatchObject([{ isNew: true, rung: false, operation: { id: 'new' } }]);
  });

  test('is judged by the projected state', () => {
    const where = lane('stopped', [operation('start')]);
    expect(judge(where, request('start', { digest: 'other' })).verdict).toBe('noop');
    expect(judge(where, request('stop')).verdict).toBe('queue');
  });
});

describe('join', () => {
  test('answers with the last waiting one of the same kind and parameters', () => {
    const waiting = operation('restart', { digest: request('restart').digest });
    expect(judge(lane('running', [waiting]), request('restart'))).toEqual({
      verdict: 'join',
      operation: waiting,
      position: 0,
    });
  });

  test.each([
    ['that runs', [operation('restart', { digest: request('restart').digest, status: 'running' })]],
    ['with other parameters', [operation('restart', { digest: 'other' })]],
    [
      'that is not the last',
      [operation('restart', { digest: request('restart').digest }), operation('stop', { seq: 2 })],
    ],
  ])('does not join one %s', (_, operations) => {
    const verdict = queued(judge(lane('running', operations), request('restart')));
    expect(verdict.position).toBe(operations.length);
    expect(verdict.operation.seq).toBe(operations.length + 1);
  });
});

describe('delete', () => {
  test('cancels all that waits and asks what runs to stop', () => {
    const running = operation('stop', { status: 'running' });
    const where = lane('running', [running, operation('start', { seq: 2 }), operation('pause', { seq: 3 })]);
    const { change, position } = queued(judge(where, request('delete')));
    expect(position).toBe(1);
    expect(find(change, 'op-1')).toMatchObject({ status: 'running', cancelRequested: 'superseded' });
    expect(find(change, 'op-2')).toMatchObject({
      status: 'cancelled',
      error: { code: 'cancelled' },
      finishedAt: where.now,
    });
    expect(find(change, 'op-3').status).toBe('cancelled');
    expect(change.operations.map((each) => each.id)).toEqual(['op-1', 'new']);
    expect(change.bot).toMatchObject({ projected: 'absent', seq: 4 });
    expect(told(change)).toEqual([
      'operation.cancelled op-2: stopping -> stopping',
      'operation.cancelled op-3: stopping -> stopping',
      'operation.queued new: stopping -> stopping',
    ]);
    expect(rung(change)).toEqual([]);
  });

  test('supersedes one that was asked to stop already', () => {
    const running = operation('restart', { status: 'running', cancelRequested: 'requested' });
    expect(queued(judge(lane('running', [running]), request('delete'))).operation.seq).toBe(2);
  });

  test('is rung where nothing runs', () => {
    const { change } = queued(judge(lane('stopped', [operation('start')]), request('delete')));
    expect(rung(change)).toEqual(['new']);
  });

  test.each(CONTAINER_STATES)('is never refused: %s', (state) => {
    expect(judge(lane(state), request('delete')).verdict).toBe(state === 'absent' ? 'noop' : 'queue');
  });

  test('is not held up by a full lane', () => {
    const { change } = queued(judge(lane('running', full(LANE_LIMIT)), request('delete')));
    expect(change.operations.map((each) => each.id)).toEqual(['new']);
  });

  test('of what is being made keeps its node until it has run', () => {
    const where = lane('absent', [operation('create')], {
      hasData: false,
      reserved: { cpus: 1, memoryMb: 512, containers: 1 },
    });
    const { change } = queued(judge(where, request('delete')));
    expect(change.bot).toMatchObject({ projected: 'absent', nodeId: NODE });
  });
});

describe('purge', () => {
  const purge = request('delete', { params: { purgeData: true } });

  test('is work where only data is left', () => {
    const { operation: accepted, change } = queued(judge(lane('absent', [], { hasData: true }), purge));
    expect(accepted).toMatchObject({ target: 'absent', noop: false });
    expect(rung(change)).toEqual(['new']);
  });

  test('is a no-op where nothing is left, or where it is under way', () => {
    expect(judge(lane('absent', [], { hasData: false }), purge).verdict).toBe('noop');
    const deleting = operation('delete', { status: 'running', params: { purgeData: true } });
    expect(judge(lane('running', [deleting]), purge).verdict).toBe('noop');
  });

  test('stands behind a delete that keeps the data, and does not disturb it', () => {
    const { change } = queued(judge(lane('running', [operation('delete', { status: 'running' })]), purge));
    expect(change.operations).toMatchObject([{ cancelRequested: null }, { id: 'new', seq: 2 }]);
  });
});

describe('refusals', () => {
  test('name what is allowed, and the status as it is now', () => {
    const refusal = refused(lane('running', [operation('stop', { status: 'running' })]), request('pause'));
    expect(refusal.code).toBe('invalid_transition');
    expect(refusal.extra).toEqual({
      containerStatus: 'stopping',
      allowed: ['create', 'start', 'stop', 'restart', 'delete', 'snapshot', 'restore'],
    });
    expect(refusal.message).toContain('will be, when its queue has run, stopped');
  });

  test('the version is judged before anything else', () => {
    expect(refused(lane('running'), request('start', { ifVersion: 6 })).code).toBe('version_mismatch');
    expect(refused(lane('running'), request('delete', { ifVersion: 8 })).code).toBe('version_mismatch');
    expect(judge(lane('running'), request('start', { ifVersion: 7 })).verdict).toBe('noop');
  });

  test('at most a hundred may wait; what runs does not count', () => {
    expect(queued(judge(lane('running', full(LANE_LIMIT - 1)), request('pause'))).position).toBe(99);
    expect(refused(lane('stopped', full(LANE_LIMIT)), request('restart')).code).toBe('quota_exceeded');
    const [first, ...rest] = full(LANE_LIMIT);
    const where = lane('running', [{ ...(first ?? operation('restart')), status: 'running' }, ...rest]);
    expect(queued(judge(where, request('restart'))).position).toBe(100);
  });

  test('a joined or needless request is no burden to a full lane', () => {
    const where = lane('running', full(LANE_LIMIT));
    expect(judge(where, request('stop')).verdict).toBe('noop');
  });
});

test('the reservation is the larger of what is there and what is to come', () => {
  const where = lane('failed', [], { settings: settings({ resources: { cpus: 2, memoryMb: 256, pids: 9 } }) });
  where.bot.reserved = { cpus: 2, memoryMb: 256, containers: 1 };
  const { change } = queued(judge(where, request('create')));
  expect(change.reservation).toEqual({ nodeId: NODE, delta: { cpus: 0, memoryMb: 256, containers: 0 } });
  expect(change.bot.reserved).toEqual({ cpus: 2, memoryMb: 512, containers: 1 });
});

test('a bot nobody named before has nothing', () => {
  expect(newBot({ key: 'bot-key', tenantId: 'tenant-key', tenantSlug: 'acme', botId: 'alice' }, NODE, NOW)).toEqual(
    bot('absent', { version: 0 }),
  );
});

describe('where what runs last was asked to stop', () => {
  test('nothing is a no-op, since it may not lead where it was to lead', () => {
    const leaving = operation('delete', { status: 'running', cancelRequested: 'requested', target: 'absent' });
    const where = lane('running', [leaving], { projected: 'absent' });
    const { change, operation: again } = queued(judge(where, request('delete')));
    expect(again).toMatchObject({ kind: 'container.delete', status: 'queued', target: 'absent' });
    expect(change.bot.projected).toBe('absent');
  });
});
