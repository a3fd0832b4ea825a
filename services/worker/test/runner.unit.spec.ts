import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { cancel } from '#domain';
import { DatabaseFault } from '#persistence';
import { RuntimeFailure } from '#runtime';
import { LINGER_MS } from '../handlers/linger.js';
import { abort } from '../runs.js';
import { Bench, NODE, settings } from './bench.js';

let bench: Bench;
beforeEach(() => {
  jest.useFakeTimers();
  bench = new Bench();
});
afterEach(() => {
  jest.useRealTimers();
});

/** Rings, and comes back as soon as the engine is asked what a gate holds. */
async function upTo(reached: Promise<void>, id: string): Promise<{ done: Promise<void> }> {
  const done = bench.runner.ring(id);
  await reached;
  return { done };
}
const theRun = () => {
  const [run] = bench.leases.runs.values();
  if (!run) throw new Error('nothing runs');
  return run;
};

describe('a bell', () => {
  test('leads from claim to settle, and to another look', async () => {
    expect(await bench.run('create', { start: true })).toEqual({ outcome: 'succeeded', result: {} });
    expect(bench.lane).toMatchObject({ bot: { state: 'running', projected: 'running', nodeId: NODE }, operations: [] });
    expect(bench.settled).toHaveLength(1);
    expect(bench.lookedAgain).toEqual([{ botKey: 'bot-key', lookedAt: Date.now() }]);
    expect(bench.leases.runs.size).toBe(0);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('for what somebody else has, or has ended, is for nothing', async () => {
    await bench.run('create');
    await bench.runner.ring('create-1');
    expect([bench.settled.length, bench.lookedAgain.length]).toEqual([1, 1]);
  });

  test('is left alone while the engine does not answer', async () => {
    bench.isUp = false;
    const id = bench.accept('create');
    await bench.runner.ring(id);
    expect(bench.operation(id)).toMatchObject({ status: 'queued', attempt: 0 });
  });

  test('for what runs here is a hint to look at its row', async () => {
    const { reached } = bench.runtime.faults.hang('ensureImage');
    const id = bench.accept('create');
    const { done } = await upTo(reached, id);
    bench.answer = async () => [{ operationId: id, cancelRequested: 'requested' }];
    await bench.runner.ring(id);
    expect(theRun().controller.signal.reason).toBe('cancelled');
    await done;
    expect(bench.settled).toMatchObject([{ outcome: { outcome: 'cancelled' } }]);
  });
});

describe('a failure', () => {
  test('that may pass is tried again after a backoff, with what was made so far', async () => {
    bench.runtime.faults.fail('start', 'docker_error');
    const id = bench.accept('create', { start: true });
    await bench.runner.ring(id);
    expect(bench.settled[0]?.outcome).toMatchObject({
      outcome: 'retry',
      countsAsAttempt: true,
      error: { retryable: true },
    });
    expect(bench.operation(id)).toMatchObject({ status: 'queued', attempt: 1, target: 'running' });
    expect(bench.lane.bot).toMatchObject({ state: 'stopped', projected: 'running', hasData: true });
    await bench.runner.ring(id);
    expect(bench.lane).toMatchObject({ bot: { state: 'running' }, operations: [] });
    expect(await bench.runtime.list()).toHaveLength(1);
  });

  test('that will not pass ends it, and those behind it', async () => {
    const id = bench.accept('create', { settings: settings({ image: 'nobody/nothing' }) });
    bench.accept('start');
    await bench.runner.ring(id);
    expect(bench.settled[0]?.outcome).toMatchObject({ outcome: 'failed', error: { code: 'image_not_found' } });
    expect(bench.lane).toMatchObject({
      bot: { state: 'absent', projected: 'absent', nodeId: null, lastError: { code: 'image_not_found' } },
      operations: [],
    });
  });

  test('of nobody’s making is told without its words, and logged with them', async () => {
    bench.runtime.ensureImage = () => Promise.reject(new TypeError('secret words'));
    const outcome = await bench.run('create');
    expect(outcome).toMatchObject({ outcome: 'retry', error: { code: 'docker_error', retryable: true } });
    expect(JSON.stringify(outcome)).not.toContain('secret words');
    expect(bench.logged.join('')).toContain('secret words');
  });

  test.each([3, 0])('of a command (code %s) leaves a failed container that says why', async (code) => {
    const params = { start: true, settings: settings({ command: ['sh', '-c', `exit ${code}`] }) };
    expect(await bench.run('create', params)).toMatchObject({ outcome: 'failed', error: { code: 'start_failed' } });
    expect(bench.lane.bot).toMatchObject({
      state: 'failed',
      incarnation: 1,
      settings: params.settings,
      exit: { code, cause: 'start_failed' },
    });
  });

  test('since the container went away under its hands records that it is gone', async () => {
    await bench.run('create', { start: true });
    const { reached, open } = bench.runtime.faults.gate('stop');
    const { done } = await upTo(reached, bench.accept('stop'));
    bench.runtime.removeOutside(bench.containerId);
    open();
    await done;
    expect(bench.settled.at(-1)?.outcome).toMatchObject({ outcome: 'failed' });
    expect(bench.lane.bot).toMatchObject({ state: 'absent', containerId: null, hasData: true });
  });

  test('to find the container records that it is gone', async () => {
    await bench.run('create', { start: true });
    bench.runtime.removeOutside(bench.containerId);
    expect(await bench.run('stop')).toMatchObject({ outcome: 'failed', error: { code: 'docker_error' } });
    expect(bench.lane.bot).toMatchObject({ state: 'absent', containerId: null, hasData: true, nodeId: NODE });
  });

  test('to reach the engine is reported, costs no attempt, and changes no fact', async () => {
    await bench.run('create', { start: true });
    const before = bench.lane.bot;
    bench.runtime.goDown();
    expect(await bench.run('stop')).toMatchObject({ outcome: 'retry', countsAsAttempt: false });
    expect(bench.settled.at(-1)?.facts).toBeNull();
    expect(bench.enginesLost).toBe(1);
    expect(bench.operation('stop-2')).toMatchObject({ status: 'queued', attempt: 0 });
    expect(bench.lane.bot).toMatchObject({
      state: 'running',
      containerId: before.containerId,
      settings: before.settings,
    });
  });
});

describe('an end from outside', () => {
  test.each([
    ['cancelled', { outcome: 'cancelled' }],
    ['timeout', { outcome: 'failed', error: { code: 'deadline_exceeded' } }],
    ['shutdown', { outcome: 'retry', countsAsAttempt: false, backoffMs: 1 }],
  ] as const)('%s: the engine is no longer waited for', async (reason, outcome) => {
    const { done } = await upTo(bench.runtime.faults.hang('create').reached, bench.accept('create'));
    abort(theRun(), reason);
    await jest.advanceTimersByTimeAsync(LINGER_MS - 1);
    expect(bench.settled).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    await done;
    expect(bench.settled).toMatchObject([{ outcome, facts: { state: 'absent' } }]);
  });

  test('comes by itself when the time is up', async () => {
    const { done } = await upTo(bench.runtime.faults.hang('ensureImage').reached, bench.accept('create'));
    await jest.advanceTimersByTimeAsync(1_199_999);
    expect(bench.settled).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    await done;
    expect(bench.settled).toMatchObject([{ outcome: { outcome: 'failed', error: { code: 'deadline_exceeded' } } }]);
  });

  test('through a lost lease settles nothing', async () => {
    const { done } = await upTo(bench.runtime.faults.hang('create').reached, bench.accept('create'));
    bench.answer = async () => [];
    await bench.leases.now();
    await done;
    expect([bench.settled, bench.leasesLost]).toEqual([[], 1]);
    expect(bench.lookedAgain).toHaveLength(1);
  });

  test('that comes after the work is done changes nothing', async () => {
    bench.settleFaults = [new DatabaseFault('unavailable', null, new Error('gone'))];
    const run = bench.run('create');
    await jest.advanceTimersByTimeAsync(100);
    abort(theRun(), 'cancelled');
    await jest.advanceTimersByTimeAsync(200);
    expect(await run).toMatchObject({ outcome: 'succeeded' });
  });
});

describe('settling', () => {
  const unavailable = (): DatabaseFault => new DatabaseFault('unavailable', null, new Error('gone'));

  test('goes on until the database has it', async () => {
    bench.settleFaults = [unavailable(), unavailable(), unavailable()];
    const run = bench.run('create');
    await jest.advanceTimersByTimeAsync(499);
    expect(bench.settled).toEqual([]);
    await jest.advanceTimersByTimeAsync(251);
    expect(await run).toMatchObject({ outcome: 'succeeded' });
    expect(bench.lane.bot.state).toBe('stopped');
  });

  test('does not go on against a fault that stays', async () => {
    bench.settleFaults = [new DatabaseFault('other', null, new Error('no such column'))];
    await expect(bench.run('create')).rejects.toThrow('database: other');
    expect(bench.leases.runs.size).toBe(0);
  });

  test('ends with the lease', async () => {
    bench.settleFaults = Array.from({ length: 9 }, unavailable);
    const caught = bench.run('create').catch((error: unknown) => error);
    await jest.advanceTimersByTimeAsync(300);
    abort(theRun(), 'lost');
    await jest.advanceTimersByTimeAsync(300);
    expect(await caught).toBeInstanceOf(DatabaseFault);
    expect(bench.settleFaults).toHaveLength(6);
  });
});

describe('what a handler is given', () => {
  test('are the values of env, opened for it alone', async () => {
    const given: Record<string, string>[] = [];
    bench = new Bench({ program: (_, env) => ({ output: [], exitCode: given.push(env) - 1 }) });
    const command = ['serve'];
    await bench.runner.ring(
      bench.accept('create', { start: true, settings: settings({ command }) }, { TOKEN: 's3cret' }),
    );
    expect(given[0]).toEqual({ TOKEN: 's3cret' });
    expect(bench.logged.join('')).not.toContain('s3cret');
  });

  test('is a way to tell progress, each news once', async () => {
    bench = new Bench({ images: [] });
    bench.runtime.pullable.add('debian:12');
    const beats: (string | null)[] = [];
    bench.answer = async (sent) => {
      beats.push(...sent.map(({ phase }) => phase));
      return sent.map(({ operationId }) => ({ operationId, cancelRequested: null }));
    };
    const { reached, open } = bench.runtime.faults.gate('create');
    const { done } = await upTo(reached, bench.accept('create'));
    expect(bench.told).toEqual([]);
    await jest.advanceTimersByTimeAsync(2_000);
    const news = { tenantId: 'tenant-key', botId: 'alice', operationId: 'create-1', percent: null, detail: null };
    expect(bench.told).toEqual([{ type: 'progress', progress: { ...news, phase: 'creating' } }]);
    expect(beats).toEqual(['creating']);
    open();
    await done;
    await jest.advanceTimersByTimeAsync(1_000);
    expect(bench.told).toHaveLength(1);
  });
});

test('a failure that is not the runtime’s own is still one of ours to settle', async () => {
  bench.runtime.faults.fail('create', new RuntimeFailure('name_conflict', 'Taken.', { retryable: false }), 2);
  expect(await bench.run('create')).toMatchObject({
    outcome: 'failed',
    error: { code: 'docker_error', message: 'Taken.' },
  });
});

test('a create that has become needless leaves the container alone', async () => {
  await bench.run('create', { start: true });
  const { containerId } = bench.lane.bot;
  const removal = bench.accept('delete');
  const create = bench.accept('create');
  const cancelled = cancel(bench.lane, removal);
  if (cancelled) bench.apply(cancelled);
  await bench.runner.ring(create);
  expect(bench.lane.bot).toMatchObject({ state: 'running', containerId });
});
