import { describe, expect, test } from '@jest/globals';
import { claim, MAX_ATTEMPTS } from '../index.js';
import { find, lane, made, NODE, operation, rung, told } from './lanes.js';

const worker = { nodeId: NODE, leaseSeconds: 30 };

describe('claim', () => {
  test('gives the head to the worker, with a new epoch and a lease', () => {
    const where = lane('stopped', [
      operation('start', { phase: 'pulling', attempt: 2 }),
      operation('stop', { seq: 2 }),
    ]);
    const change = made(claim(where, 'op-1', worker));
    expect(find(change, 'op-1')).toMatchObject({
      status: 'running',
      attempt: 3,
      claimEpoch: where.bot.version + 1,
      claimedBy: NODE,
      phase: null,
      startedAt: where.now,
    });
    expect(change.writes).toMatchObject([{ leaseSeconds: 30, isNew: false, rung: false }]);
    expect(change.bot.version).toBe(where.bot.version + 2);
    expect(told(change)).toEqual([
      'operation.started op-1: stopped -> starting',
      'container.status op-1: starting -> starting',
    ]);
    expect(rung(change)).toEqual([]);
  });

  test('takes over what an expired lease left, and keeps when it began', () => {
    const orphan = operation('start', { status: 'running', leaseExpired: true, startedAt: 'long ago', claimEpoch: 3 });
    const change = made(claim(lane('stopped', [orphan]), 'op-1', worker));
    expect(find(change, 'op-1')).toMatchObject({ attempt: 2, claimEpoch: 8, startedAt: 'long ago' });
    expect(told(change)).toEqual(['operation.started op-1: starting -> starting']);
  });

  test.each([
    ['not the head', 'op-2', [operation('start'), operation('stop', { seq: 2 })], worker],
    ['not in the lane', 'gone', [operation('start')], worker],
    ['of an empty lane', 'op-1', [], worker],
    ['not due', 'op-1', [operation('start', { due: false })], worker],
    ['running under a lease', 'op-1', [operation('start', { status: 'running' })], worker],
    ['of another node', 'op-1', [operation('start')], { ...worker, nodeId: 'node-2' }],
    ['asked to stop', 'op-1', [operation('start', { cancelRequested: 'requested' })], worker],
    ['tried often enough', 'op-1', [operation('start', { attempt: MAX_ATTEMPTS })], worker],
    [
      'orphaned and tried often enough',
      'op-1',
      [operation('start', { status: 'running', leaseExpired: true, attempt: MAX_ATTEMPTS })],
      worker,
    ],
    [
      'orphaned and asked to stop',
      'op-1',
      [operation('start', { status: 'running', leaseExpired: true, cancelRequested: 'superseded' })],
      worker,
    ],
  ])('refuses one that is %s', (_, id, operations, by) => {
    expect(claim(lane('stopped', operations), id, by)).toBeNull();
  });

  test('gives one that has an attempt left', () => {
    const where = lane('stopped', [operation('start', { attempt: MAX_ATTEMPTS - 1 })]);
    expect(find(made(claim(where, 'op-1', worker)), 'op-1').attempt).toBe(MAX_ATTEMPTS);
  });
});
