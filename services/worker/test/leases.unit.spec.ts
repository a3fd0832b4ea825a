import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Claimed } from '#operations';
import type { Heartbeat, HeartbeatAnswer } from '#persistence';
import { abort, LeaseKeeper, type Run } from '../runs.js';

const SECONDS = 30;
let sent: Heartbeat[][];
let lost: string[];
let faults: unknown[];
/** What the database does with a heartbeat. */
let answer: (beats: Heartbeat[]) => Promise<HeartbeatAnswer[]>;
let leases: LeaseKeeper;

const renew = async (beats: Heartbeat[]): Promise<HeartbeatAnswer[]> =>
  beats.map(({ operationId }) => ({ operationId, cancelRequested: null }));
const fail = (): Promise<HeartbeatAnswer[]> => Promise.reject(new Error('the database is gone'));

function running(id: string, epoch = 3): Run {
  const operation = { id, tenantId: 't', botId: `bot of ${id}`, botKey: `key of ${id}` };
  const run: Run = {
    claimed: { operation, epoch } as Claimed,
    controller: new AbortController(),
    phase: null,
    progress: null,
    begunAt: 0,
    lookedAt: 0,
    renewedAt: performance.now(),
  };
  leases.runs.set(id, run);
  return run;
}

/** A database that takes its time: beats wait until told to go on. */
function slow(): { goOn: () => void } {
  let goOn = (): void => undefined;
  answer = (beats) => new Promise((resolve) => (goOn = () => resolve(renew(beats))));
  return { goOn: () => goOn() };
}

beforeEach(() => {
  jest.useFakeTimers();
  [sent, lost, faults, answer] = [[], [], [], renew];
  leases = new LeaseKeeper(
    (beats, seconds) => {
      expect(seconds).toBe(SECONDS);
      sent.push(beats);
      return answer(beats);
    },
    {
      leaseSeconds: SECONDS,
      onLost: (run) => void lost.push(run.claimed.operation.id),
      onFault: (error) => void faults.push(error),
    },
  );
});
afterEach(() => {
  leases.stop();
  jest.useRealTimers();
});

describe('renewing', () => {
  test('six times a lease, with what there is to tell', async () => {
    const [one, two] = [running('one'), running('two', 9)];
    one.phase = 'pulling';
    one.progress = { percent: 4, detail: null };
    leases.start();
    await jest.advanceTimersByTimeAsync(4_999);
    expect(sent).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(sent).toEqual([
      [
        { operationId: 'one', epoch: 3, phase: 'pulling', progress: { percent: 4, detail: null } },
        { operationId: 'two', epoch: 9, phase: null, progress: null },
      ],
    ]);
    expect([one.renewedAt, two.renewedAt]).toEqual([performance.now(), performance.now()]);
    await jest.advanceTimersByTimeAsync(25_000);
    expect(sent).toHaveLength(6);
    leases.stop();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(sent).toHaveLength(6);
  });

  test('asks nobody where nothing runs', async () => {
    await leases.now();
    expect(sent).toEqual([]);
  });

  test('counts from when it asked, not from when it was answered', async () => {
    const run = running('one');
    const { goOn } = slow();
    const asked = performance.now();
    const beat = leases.now();
    await jest.advanceTimersByTimeAsync(4_000);
    goOn();
    await beat;
    expect(run.renewedAt).toBe(asked);
  });

  test('beats once more, and only once, for all who asked meanwhile', async () => {
    running('one');
    const { goOn } = slow();
    const first = leases.now();
    const [second, third] = [leases.now(), leases.now()];
    expect(sent).toHaveLength(1);
    goOn();
    await Promise.all([second, third]);
    expect(sent).toHaveLength(2);
    goOn();
    await first;
    expect(sent).toHaveLength(2);
  });

  test('soon is within a second, however often it is asked', async () => {
    running('one');
    leases.soon();
    leases.soon();
    await jest.advanceTimersByTimeAsync(999);
    leases.soon();
    expect(sent).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(sent).toHaveLength(1);
    leases.soon();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(sent).toHaveLength(2);
    leases.soon();
    leases.stop();
    await jest.advanceTimersByTimeAsync(2_000);
    expect(sent).toHaveLength(2);
  });
});

describe('what the answer says', () => {
  test('not renewed is lost, and told once', async () => {
    const [one, two] = [running('one'), running('two')];
    answer = async () => [{ operationId: 'two', cancelRequested: null }];
    await leases.now();
    await leases.now();
    expect(lost).toEqual(['one']);
    expect(one.controller.signal.reason).toBe('lost');
    expect(two.controller.signal.aborted).toBe(false);
  });

  test('what ended meanwhile is not lost', async () => {
    const run = running('one');
    answer = async () => {
      leases.runs.delete('one');
      return [];
    };
    await leases.now();
    expect([lost, run.controller.signal.aborted]).toEqual([[], false]);
  });

  test.each([
    ['requested', 'cancelled'],
    ['superseded', 'cancelled'],
    ['deadline', 'timeout'],
  ] as const)('a stop that was asked for (%s) aborts: %s', async (cancelRequested, reason) => {
    const run = running('one');
    answer = async () => [{ operationId: 'one', cancelRequested }];
    await leases.now();
    await leases.now();
    expect([run.controller.signal.reason, lost]).toEqual([reason, []]);
  });
});

describe('a database that does not answer', () => {
  test('costs no lease for two thirds of its time, then all of them', async () => {
    const run = running('one');
    answer = fail;
    leases.start();
    await jest.advanceTimersByTimeAsync(20_000);
    expect([faults.length, lost]).toEqual([4, []]);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(lost).toEqual(['one']);
    expect(run.controller.signal.reason).toBe('lost');
    await jest.advanceTimersByTimeAsync(20_000);
    expect(lost).toEqual(['one']);
  });

  test('that is back in time has cost nothing', async () => {
    running('one');
    leases.start();
    answer = fail;
    await jest.advanceTimersByTimeAsync(20_000);
    answer = renew;
    await jest.advanceTimersByTimeAsync(5_000);
    answer = fail;
    await jest.advanceTimersByTimeAsync(15_000);
    expect(lost).toEqual([]);
  });
});

test('an abort keeps its first reason', () => {
  const run = running('one');
  abort(run, 'timeout');
  abort(run, 'lost');
  expect(run.controller.signal.reason).toBe('timeout');
});

test('a bot is found by what runs of it', () => {
  running('one');
  expect(leases.runningBot('t', 'bot of one')).toBe('key of one');
  expect(leases.runningBot('other', 'bot of one')).toBeNull();
  expect(leases.runningBot('t', 'bob')).toBeNull();
});
