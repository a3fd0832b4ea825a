import { describe, expect, test } from '@jest/globals';
import { MAX_ATTEMPTS, settle, type BotFacts, type Operation, type OperationError, type Outcome } from '../index.js';
import { find, lane, made, NODE, operation, rung, settings, told } from './lanes.js';

const running = (verb: string, facts: Partial<Operation> = {}): Operation =>
  operation(verb, { status: 'running', phase: 'pulling', progress: { percent: 1, detail: null }, ...facts });
const error: OperationError = { code: 'docker_error', message: 'It broke.', retryable: true };
const retry: Outcome = { outcome: 'retry', error, countsAsAttempt: true, backoffMs: 500 };
const run = { operationId: 'op-1', epoch: 7 };
const facts = (state: BotFacts['state']): BotFacts => ({ state, containerId: 'c1' });

describe('an epoch', () => {
  test.each([
    ['is older than the claim', [running('start', { claimEpoch: 8 })]],
    ['belongs to an operation that waits again', [operation('start', { claimEpoch: null })]],
    ['belongs to an operation that has ended', [operation('stop', { seq: 2 })]],
  ])('that %s settles nothing', (_, operations) => {
    expect(settle(lane('stopped', operations), run, { outcome: 'succeeded', result: {} }, facts('running'))).toBeNull();
  });
});

describe('success', () => {
  test('leaves nothing of an earlier attempt', () => {
    const where = lane('stopped', [running('start', { error, attempt: 2 })]);
    const change = made(settle(where, run, { outcome: 'succeeded', result: {} }, facts('running')));
    expect(change.writes.map(({ operation }) => operation)).toMatchObject([{ status: 'succeeded', error: null }]);
  });

  test('records the facts, clears the last error and rings the next', () => {
    const where = lane('stopped', [running('start'), operation('stop', { seq: 2, dispatch: 0 })], { lastError: error });
    const change = made(settle(where, run, { outcome: 'succeeded', result: { a: 1 } }, facts('running')));
    expect(find(change, 'op-1')).toMatchObject({
      status: 'succeeded',
      result: { a: 1 },
      finishedAt: where.now,
      phase: null,
      progress: null,
    });
    expect(change.bot).toMatchObject({ state: 'running', projected: 'stopped', lastError: null });
    expect(told(change)).toEqual([
      'operation.succeeded op-1: starting -> running',
      'container.status op-1: running -> running',
    ]);
    expect(rung(change)).toEqual(['op-2']);
    expect(find(change, 'op-2').dispatch).toBe(1);
  });

  test('of a delete without data gives node and reservation back', () => {
    const gone: BotFacts = { state: 'absent', containerId: null, settings: null, hasData: false };
    const change = made(settle(lane('running', [running('delete')]), run, { outcome: 'succeeded', result: {} }, gone));
    expect(change.bot).toMatchObject({
      state: 'absent',
      nodeId: null,
      reserved: { cpus: 0, memoryMb: 0, containers: 0 },
    });
    expect(change.reservation).toEqual({ nodeId: NODE, delta: { cpus: -1, memoryMb: -512, containers: -1 } });
  });

  test('of a delete keeps node and reservation for the create behind it', () => {
    const gone: BotFacts = { state: 'absent', containerId: null, settings: null, hasData: false };
    const where = lane('running', [running('delete'), operation('create', { seq: 2 })]);
    const change = made(settle(where, run, { outcome: 'succeeded', result: {} }, gone));
    expect(change).toMatchObject({ bot: { nodeId: NODE, projected: 'stopped' }, reservation: null });
  });
});

describe('failure', () => {
  const failed: Outcome = { outcome: 'failed', error: { ...error, retryable: false } };

  test('is kept on operation and bot, and without facts the facts stay', () => {
    const where = lane('running', [running('stop')]);
    const change = made(settle(where, run, failed, null));
    expect(find(change, 'op-1')).toMatchObject({ status: 'failed', error: failed.error, finishedAt: where.now });
    expect(change.bot).toMatchObject({
      state: 'running',
      projected: 'running',
      containerId: 'c1',
      lastError: failed.error,
    });
  });

  test('cancels those behind it that it makes impossible, and no others', () => {
    const where = lane('absent', [
      running('create', { params: { start: true, settings: settings() }, target: 'running' }),
      operation('pause', { seq: 2 }),
      operation('create', { seq: 3, target: 'paused' }),
      operation('resume', { seq: 4 }),
      operation('stop', { seq: 5 }),
    ]);
    const change = made(settle(where, run, failed, { state: 'absent', containerId: null }));
    expect(find(change, 'op-2')).toMatchObject({ status: 'cancelled', error: { code: 'predecessor_failed' } });
    expect(find(change, 'op-2').error?.message).toContain('container.create op-1 ended otherwise');
    expect(find(change, 'op-3')).toMatchObject({ status: 'queued', target: 'stopped' });
    expect(find(change, 'op-4').status).toBe('cancelled');
    expect(change.operations.map((each) => each.id)).toEqual(['op-3', 'op-5']);
    expect(change.bot.projected).toBe('stopped');
    expect(rung(change)).toEqual(['op-3']);
  });
});

describe('retry', () => {
  test('goes back to waiting with its backoff, and is not rung before', () => {
    const change = made(settle(lane('stopped', [running('start')]), run, retry, facts('stopped')));
    expect(find(change, 'op-1')).toMatchObject({
      status: 'queued',
      attempt: 1,
      claimEpoch: null,
      claimedBy: null,
      error,
    });
    expect(change.writes).toMatchObject([{ dueInMs: 500, leaseSeconds: null, rung: false }]);
    expect(told(change)[0]).toBe('operation.queued op-1: starting -> stopped');
    expect(change.bot.lastError).toBeNull();
  });

  test('is due in a moment at the earliest, so that it is rung by one place only', () => {
    const change = made(settle(lane('stopped', [running('start')]), run, { ...retry, backoffMs: 0 }, null));
    expect(change.writes).toMatchObject([{ dueInMs: 1, rung: false }]);
  });

  test('is final when the attempts are used up', () => {
    const last = running('start', { attempt: MAX_ATTEMPTS });
    const change = made(settle(lane('stopped', [last]), run, retry, facts('stopped')));
    expect(find(change, 'op-1')).toMatchObject({ status: 'failed', error });
    expect(change.bot.lastError).toEqual(error);
  });

  test('does not count where it was nobody’s fault', () => {
    const last = running('start', { attempt: MAX_ATTEMPTS });
    const change = made(settle(lane('stopped', [last]), run, { ...retry, countsAsAttempt: false }, null));
    expect(find(change, 'op-1')).toMatchObject({ status: 'queued', attempt: MAX_ATTEMPTS - 1 });
  });

  test('keeps where it leads, its backoff and those behind it, though half of it is done', () => {
    const create = running('create', { params: { start: true, settings: settings() }, target: 'running' });
    const where = lane('absent', [create, operation('pause', { seq: 2 })]);
    const change = made(settle(where, run, retry, { state: 'stopped', containerId: 'c1', settings: settings() }));
    expect(find(change, 'op-1')).toMatchObject({ status: 'queued', target: 'running' });
    expect(change.writes).toMatchObject([{ dueInMs: 500, rung: false }]);
    expect(change.operations.map((each) => each.id)).toEqual(['op-1', 'op-2']);
    expect(change.bot.projected).toBe('paused');
  });

  test('is not made impossible by what its own attempt came upon: the next one tells', () => {
    const change = made(settle(lane('running', [running('pause')]), run, retry, facts('failed')));
    expect(find(change, 'op-1').status).toBe('queued');
  });
});

describe('cancelled', () => {
  test.each([
    ['requested', 'cancelled', 'Cancelled on request.'],
    ['superseded', 'cancelled', 'Superseded by a later delete.'],
    ['deadline', 'deadline_exceeded', 'time it has'],
    [null, 'cancelled', 'Cancelled on request.'],
  ] as const)('because of %s ends as %s', (cancelRequested, code, message) => {
    const where = lane('stopped', [running('start', { cancelRequested })]);
    for (const outcome of [{ outcome: 'cancelled' } as const, ...(cancelRequested ? [retry] : [])]) {
      const ended = find(made(settle(where, run, outcome, facts('stopped'))), 'op-1');
      expect(ended).toMatchObject({ status: code === 'cancelled' ? 'cancelled' : 'failed', error: { code } });
      expect(ended.error?.message).toContain(message);
    }
  });

  test('that came too late leaves a success a success', () => {
    const where = lane('stopped', [running('start', { cancelRequested: 'requested' })]);
    const change = made(settle(where, run, { outcome: 'succeeded', result: {} }, facts('running')));
    expect(find(change, 'op-1').status).toBe('succeeded');
  });
});
