import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { containerName, type OperationParams } from '#domain';
import { DatabaseFault } from '#persistence';
import { RuntimeFailure, type FakeMethod } from '#runtime';
import { abort, type AbortReason } from '../runs.js';
import { Bench, settings } from './bench.js';

let bench: Bench;
beforeEach(() => {
  jest.useFakeTimers();
  bench = new Bench();
});
afterEach(() => {
  jest.useRealTimers();
});

function stopRun(reason: AbortReason): void {
  const [run] = bench.leases.runs.values();
  if (!run) throw new Error('nothing runs');
  abort(run, reason);
}

/** Runs an operation and aborts it in the middle of a call, which the engine carries out nevertheless. */
async function abortDuring(
  method: FakeMethod,
  reason: AbortReason,
  verb: string,
  params: OperationParams = {},
): Promise<unknown> {
  const { reached, open } = bench.runtime.faults.gate(method);
  const done = bench.runner.ring(bench.accept(verb, params));
  await reached;
  stopRun(reason);
  open();
  await done;
  return bench.settled.at(-1)?.outcome.outcome;
}

async function given(state: 'absent' | 'stopped' | 'running' | 'paused'): Promise<void> {
  if (state !== 'absent') await bench.run('create', { start: state !== 'stopped' });
  if (state === 'paused') await bench.run('pause');
}

describe('an abort that comes when the engine is at work', () => {
  test.each([
    ['absent', 'create', 'create', 'stopped', {}],
    ['absent', 'create', 'start', 'running', { start: true }],
    ['stopped', 'start', 'start', 'running', {}],
    ['running', 'stop', 'stop', 'stopped', {}],
    ['running', 'pause', 'pause', 'paused', {}],
    ['paused', 'resume', 'resume', 'running', {}],
    ['stopped', 'delete', 'remove', 'absent', {}],
  ] as const)('leaves what it has done done: from %s, %s during %s', async (from, verb, method, state, params) => {
    for (const reason of ['cancelled', 'timeout', 'shutdown'] as const) {
      bench = new Bench();
      await given(from);
      expect(await abortDuring(method, reason, verb, params)).toBe('succeeded');
      expect(bench.lane).toMatchObject({ bot: { state, projected: state, lastError: null }, operations: [] });
    }
  });

  test('still cancels what was only half done, and tells what there is', async () => {
    expect(await abortDuring('create', 'cancelled', 'create', { start: true })).toBe('cancelled');
    const [made] = await bench.runtime.list();
    expect(bench.lane.bot).toMatchObject({ state: 'stopped', projected: 'stopped', containerId: made?.id });
    expect(await bench.run('start')).toMatchObject({ outcome: 'succeeded' });
  });

  test('does not vouch for a restart, nor for a purge', async () => {
    await given('running');
    expect(await abortDuring('start', 'cancelled', 'restart')).toBe('cancelled');
    expect(bench.lane.bot).toMatchObject({ state: 'running', exit: { cause: 'stopped' } });
    expect(await abortDuring('remove', 'cancelled', 'delete', { purgeData: true })).toBe('cancelled');
    expect(bench.lane.bot).toMatchObject({ state: 'absent', hasData: true });
  });

  test('finds the end of a stop that it gave up to be asked for', async () => {
    await given('running');
    const stop = bench.runtime.stop.bind(bench.runtime);
    bench.runtime.stop = async (...call) => {
      await stop(...call);
      stopRun('cancelled');
      throw new RuntimeFailure('aborted', 'Given up.', { retryable: true });
    };
    expect(await bench.run('stop')).toMatchObject({ outcome: 'succeeded' });
    expect(bench.lane.bot).toMatchObject({ state: 'stopped', exit: { code: 143, cause: 'stopped' } });
  });

  test('lets go at once of what somebody else has', async () => {
    const { reached } = bench.runtime.faults.hang('create');
    const done = bench.runner.ring(bench.accept('create'));
    await reached;
    stopRun('lost');
    await done;
    expect(bench.settled).toEqual([]);
  });
});

describe('a create whose container the engine made, and could not tell', () => {
  const lostAnswer = (aborted: boolean): void => {
    const create = bench.runtime.create.bind(bench.runtime);
    bench.runtime.create = async (...call) => {
      bench.runtime.create = create;
      await create(...call);
      if (aborted) stopRun('cancelled');
      throw new RuntimeFailure(aborted ? 'aborted' : 'docker_unavailable', 'No answer.', { retryable: true });
    };
  };

  test.each([
    [false, 'succeeded'],
    [true, 'cancelled'],
  ] as const)('tells of it when it was cancelled meanwhile: started %s, %s', async (start, outcome) => {
    lostAnswer(true);
    expect(await bench.run('create', { start })).toMatchObject({ outcome });
    const [made] = await bench.runtime.list();
    expect(made?.name).toBe(containerName(bench.lane.bot, 1));
    expect(bench.lane.bot).toMatchObject({ state: 'stopped', containerId: made?.id, incarnation: 1, lastError: null });
  });

  test('tells of it while it waits for another try, which goes on with it', async () => {
    lostAnswer(false);
    const id = bench.accept('create', { start: true });
    await bench.runner.ring(id);
    const [made] = await bench.runtime.list();
    expect(bench.operation(id)).toMatchObject({ status: 'queued' });
    expect(bench.lane.bot).toMatchObject({ state: 'stopped', containerId: made?.id });
    await bench.runner.ring(id);
    expect(bench.lane).toMatchObject({ bot: { state: 'running', containerId: made?.id }, operations: [] });
    expect(await bench.runtime.list()).toHaveLength(1);
  });

  test('of a worker that died then: the next one takes it, though it comes no further', async () => {
    bench.settleFaults = [new DatabaseFault('other', null, new Error('the worker died'))];
    const id = bench.accept('create', { start: true });
    await expect(bench.runner.ring(id)).rejects.toThrow();
    bench.lane = { ...bench.lane, operations: bench.lane.operations.map((each) => ({ ...each, leaseExpired: true })) };
    const { reached } = bench.runtime.faults.hang('ensureImage');
    const done = bench.runner.ring(id);
    await reached;
    stopRun('cancelled');
    await done;
    expect(bench.settled.at(-1)).toMatchObject({ outcome: { outcome: 'succeeded' }, facts: { state: 'running' } });
  });
});

describe('a create in place of what has failed', () => {
  beforeEach(async () => {
    await given('running');
    bench.runtime.crash(bench.containerId, 3);
    bench.lane = { ...bench.lane, bot: { ...bench.lane.bot, state: 'failed', projected: 'failed' } };
  });

  test('has not made what was there before, though it runs', async () => {
    expect(await abortDuring('ensureImage', 'cancelled', 'create', { start: true })).toBe('cancelled');
    expect(bench.lane.bot).toMatchObject({ state: 'running', incarnation: 1 });
  });

  test('leaves a container without a past', async () => {
    const params = { start: true, settings: settings() };
    expect(await abortDuring('create', 'cancelled', 'create', params)).toBe('cancelled');
    expect(bench.lane.bot).toMatchObject({ state: 'stopped', incarnation: 2, exit: null });
  });
});
