import { describe, expect, test } from '@jest/globals';
import { OPERATION_ERROR_CODES } from '#domain';
import { RuntimeFailure, type RuntimeFailureCode } from '#runtime';
import { milliseconds, toObservation } from '../observation.js';
import { describeFailure, outcomeOf } from '../outcome.js';

const calm = new AbortController().signal;
const failure = (code: RuntimeFailureCode, retryable: boolean): RuntimeFailure =>
  new RuntimeFailure(code, 'It broke.', { retryable, cause: new Error('the engine’s words') });

describe('outcomeOf', () => {
  test.each([
    ['image_not_found', 'image_not_found'],
    ['image_pull_failed', 'image_pull_failed'],
    ['docker_unavailable', 'docker_unavailable'],
    ['docker_error', 'docker_error'],
    ['disk_full', 'disk_full'],
    ['start_failed', 'start_failed'],
    ['container_not_found', 'docker_error'],
    ['container_not_running', 'docker_error'],
    ['name_conflict', 'docker_error'],
    ['aborted', 'docker_error'],
  ] as const)('%s is told as %s', (code, told) => {
    const error = { code: told, message: 'It broke.', retryable: false };
    expect(OPERATION_ERROR_CODES).toContain(told);
    expect(outcomeOf(failure(code, false), calm, 1)).toEqual({ outcome: 'failed', error });
    expect(outcomeOf(failure(code, true), calm, 1)).toMatchObject({
      outcome: 'retry',
      error: { ...error, retryable: true },
      countsAsAttempt: code !== 'docker_unavailable',
    });
  });

  test('waits longer each time, never in step with others', () => {
    for (const [attempt, most] of [
      [0, 500],
      [1, 500],
      [2, 1_000],
      [3, 2_000],
      [6, 16_000],
      [7, 30_000],
      [60, 30_000],
    ] as const) {
      const waits = Array.from({ length: 50 }, () => outcomeOf(failure('docker_error', true), calm, attempt)).map(
        (outcome) => (outcome.outcome === 'retry' ? outcome.backoffMs : -1),
      );
      for (const wait of waits) expect(wait >= most / 2 && wait <= most).toBe(true);
      expect(new Set(waits).size).toBeGreaterThan(1);
    }
  });

  test.each([
    ['cancelled', { outcome: 'cancelled' }],
    ['timeout', { outcome: 'failed', error: { code: 'deadline_exceeded', retryable: true } }],
    ['shutdown', { outcome: 'retry', countsAsAttempt: false, backoffMs: 1 }],
  ])('an abort (%s) counts for more than what it made fail', (reason, outcome) => {
    const aborted = AbortSignal.abort(reason);
    expect(outcomeOf(failure('image_not_found', false), aborted, 1)).toMatchObject(outcome);
    expect(outcomeOf(new Error('x'), aborted, 1)).toMatchObject(outcome);
  });

  test.each([new TypeError('secret words'), 'secret words', null, undefined])('%p is tried again, untold', (error) => {
    const outcome = outcomeOf(error, calm, 1);
    expect(outcome).toMatchObject({ outcome: 'retry', countsAsAttempt: true, error: { code: 'docker_error' } });
    expect(JSON.stringify(outcome)).not.toContain('secret words');
  });
});

test('a failure is described in a line', () => {
  expect(describeFailure(failure('disk_full', true))).toBe('disk_full: It broke.');
  expect(describeFailure(new Error('x'))).toBe('x');
  expect(describeFailure(null)).toBe('unknown failure');
});

test('times of an engine are compared by the millisecond', () => {
  expect(milliseconds('2026-01-01T00:00:00.123456789Z')).toBe('2026-01-01T00:00:00.123Z');
  expect(milliseconds('2026-01-01T01:00:00+01:00')).toBe('2026-01-01T00:00:00.000Z');
  expect(milliseconds(null)).toBeNull();
  const container = {
    id: 'c',
    name: 'n',
    identity: null,
    engineState: 'exited' as const,
    image: { ref: 'a', id: 'b' },
    exitCode: 3,
    oomKilled: true,
    startedAt: '2026-01-01T00:00:00.999999999Z',
    finishedAt: null,
    createdAt: '2026-01-01T00:00:00Z',
    mounts: [],
    idle: true,
    resources: { cpus: 1, memoryMb: 512, pids: 64 },
  };
  expect(toObservation(container)).toEqual({
    containerId: 'c',
    engineState: 'exited',
    exitCode: 3,
    oomKilled: true,
    startedAt: '2026-01-01T00:00:00.999Z',
    finishedAt: null,
  });
});
