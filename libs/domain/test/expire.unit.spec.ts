import { describe, expect, test } from '@jest/globals';
import { cancel, expire, MAX_ATTEMPTS, type OperationError } from '../index.js';
import { find, lane, made, operation, rung, told } from './lanes.js';

const orphan = { status: 'running', leaseExpired: true } as const;

describe('cancel', () => {
  test('ends a waiting one at once, and what it makes impossible', () => {
    const where = lane('stopped', [
      operation('start'),
      operation('pause', { seq: 2 }),
      operation('restart', { seq: 3 }),
    ]);
    const change = made(cancel(where, 'op-1'));
    expect(find(change, 'op-1')).toMatchObject({
      status: 'cancelled',
      error: { code: 'cancelled' },
      finishedAt: where.now,
    });
    expect(find(change, 'op-2')).toMatchObject({ status: 'cancelled', error: { code: 'predecessor_failed' } });
    expect(change.operations.map((each) => each.id)).toEqual(['op-3']);
    expect(rung(change)).toEqual(['op-3']);
    expect(change.bot.projected).toBe('running');
    expect(told(change)).toEqual([
      'operation.cancelled op-1: stopped -> stopped',
      'operation.cancelled op-2: stopped -> stopped',
    ]);
  });

  test('of one in the middle leaves the head as it was', () => {
    const change = made(cancel(lane('stopped', [operation('start'), operation('stop', { seq: 2 })]), 'op-2'));
    expect(change.operations.map((each) => each.id)).toEqual(['op-1']);
    expect(rung(change)).toEqual([]);
  });

  test('asks a running one to stop, once, and tells nobody', () => {
    const where = lane('stopped', [operation('start', { status: 'running' })]);
    const change = made(cancel(where, 'op-1'));
    expect(change).toMatchObject({ events: [], bot: { version: where.bot.version, updatedAt: where.bot.updatedAt } });
    expect(find(change, 'op-1')).toMatchObject({ status: 'running', cancelRequested: 'requested' });
    expect(change.writes).toMatchObject([{ leaseSeconds: null }]);
    expect(cancel({ ...where, operations: change.operations }, 'op-1')).toBeNull();
  });

  test('leaves an ended one as it is', () => {
    expect(cancel(lane('running', [operation('stop', { seq: 2 })]), 'op-1')).toBeNull();
  });
});

describe('expire', () => {
  const retried: OperationError = { code: 'disk_full', message: 'Full.', retryable: true };

  test.each([
    ['an empty lane', []],
    ['a head that waits', [operation('start', { due: false })]],
    ['a head under its lease', [operation('start', { status: 'running' })]],
    [
      'a head asked to stop already',
      [operation('start', { status: 'running', overdue: true, cancelRequested: 'deadline' })],
    ],
    ['an overdue one that is not the head', [operation('start'), operation('stop', { seq: 2, overdue: true })]],
  ])('lets %s be', (_, operations) => {
    expect(expire(lane('stopped', operations))).toBeNull();
  });

  test.each([null, retried])('lets an orphan wait again and rings it, its error still %j', (error) => {
    const change = made(expire(lane('stopped', [operation('start', { ...orphan, attempt: 2, error })])));
    expect(find(change, 'op-1')).toMatchObject({
      status: 'queued',
      attempt: 2,
      claimEpoch: null,
      error,
      finishedAt: null,
    });
    expect(change.writes).toMatchObject([{ dueInMs: 0, rung: true }]);
    expect(told(change)).toEqual([
      'operation.queued op-1: starting -> stopped',
      'container.status op-1: stopped -> stopped',
    ]);
    for (const event of change.events) expect(event.operation).toMatchObject({ status: 'queued', error });
  });

  test('ends an orphan that has no attempt left', () => {
    const where = lane('stopped', [
      operation('start', { ...orphan, attempt: MAX_ATTEMPTS }),
      operation('pause', { seq: 2 }),
    ]);
    const change = made(expire(where));
    expect(find(change, 'op-1')).toMatchObject({ status: 'failed', error: { code: 'attempts_exhausted' } });
    expect(find(change, 'op-2')).toMatchObject({ status: 'cancelled', error: { code: 'predecessor_failed' } });
    expect(change.bot.lastError?.code).toBe('attempts_exhausted');
  });

  test.each([
    ['requested', 'cancelled', 'cancelled'],
    ['superseded', 'cancelled', 'cancelled'],
    ['deadline', 'failed', 'deadline_exceeded'],
  ] as const)('ends a head whose stop was asked for (%s)', (cancelRequested, status, code) => {
    for (const facts of [orphan, { status: 'queued' } as const]) {
      const change = made(expire(lane('stopped', [operation('start', { ...facts, cancelRequested })])));
      expect(find(change, 'op-1')).toMatchObject({ status, error: { code } });
    }
  });

  test('ends an overdue head that nobody runs, with the error it was retried for', () => {
    for (const facts of [orphan, { status: 'queued' } as const]) {
      const ended = (error: OperationError | null) =>
        find(made(expire(lane('stopped', [operation('start', { ...facts, overdue: true, error })]))), 'op-1');
      expect(ended(null)).toMatchObject({ status: 'failed', error: { code: 'deadline_exceeded' } });
      expect(ended(retried)).toMatchObject({ status: 'failed', error: retried });
    }
  });

  test('asks an overdue running one to stop', () => {
    const change = made(expire(lane('stopped', [operation('start', { status: 'running', overdue: true })])));
    expect(find(change, 'op-1')).toMatchObject({ status: 'running', cancelRequested: 'deadline' });
    expect(change.events).toEqual([]);
  });

  test('rings the next after one that ended', () => {
    const where = lane('stopped', [operation('start', { overdue: true }), operation('restart', { seq: 2 })]);
    expect(rung(made(expire(where)))).toEqual(['op-2']);
  });
});
