import { expect, test } from '@jest/globals';
import { FakeRuntime } from '../fake-runtime.js';
import { EventLog, failureOf, SpecFactory } from './contract-helpers.js';

const never = new AbortController().signal;

async function running(): Promise<{ runtime: FakeRuntime; id: string }> {
  const runtime = new FakeRuntime({ images: ['tiny:1'] });
  const { id } = await runtime.create(new SpecFactory('tiny:1').make(), never);
  await runtime.start(id, never);
  return { runtime, id };
}

test('fails before it acts, as often as asked', async () => {
  const { runtime, id } = await running();
  runtime.faults.fail('stop', 'docker_unavailable', 2);
  expect(await failureOf(runtime.stop(id, 1, never))).toMatchObject({ code: 'docker_unavailable', retryable: true });
  await failureOf(runtime.stop(id, 1, never));
  expect((await runtime.inspect(id))?.engineState).toBe('running');
  await runtime.stop(id, 1, never);
  expect((await runtime.inspect(id))?.engineState).toBe('exited');
});

test('acts and fails nevertheless', async () => {
  const { runtime, id } = await running();
  runtime.faults.failAfter('stop', 'docker_unavailable');
  await failureOf(runtime.stop(id, 1, never));
  expect((await runtime.inspect(id))?.engineState).toBe('exited');
});

test('hangs until its signal aborts', async () => {
  const { runtime, id } = await running();
  const hang = runtime.faults.hang('stop');
  const controller = new AbortController();
  const stopped = failureOf(runtime.stop(id, 1, controller.signal));
  await hang.reached;
  controller.abort();
  expect(await stopped).toMatchObject({ code: 'aborted' });
  expect((await runtime.inspect(id))?.engineState).toBe('running');
});

test('waits at a gate', async () => {
  const { runtime, id } = await running();
  const gate = runtime.faults.gate('stop');
  const stopped = runtime.stop(id, 1, never);
  await gate.reached;
  expect((await runtime.inspect(id))?.engineState).toBe('running');
  gate.open();
  await stopped;
  expect((await runtime.inspect(id))?.engineState).toBe('exited');
});

test('goes down and comes back with its containers', async () => {
  const { runtime, id } = await running();
  const log = new EventLog(runtime, {});
  await log.opened;
  runtime.goDown();
  await expect(log.ended).rejects.toMatchObject({ code: 'docker_unavailable' });
  expect(await failureOf(runtime.inspect(id))).toMatchObject({ code: 'docker_unavailable' });
  runtime.comeBack();
  expect((await runtime.inspect(id))?.engineState).toBe('running');
});

test('tells a death for memory', async () => {
  const { runtime, id } = await running();
  const log = new EventLog(runtime, {});
  await log.opened;
  runtime.oom(id, { restarts: false });
  expect(await log.until('die')).toMatchObject({ exitCode: 137 });
  expect(log.actions()).toEqual(['oom', 'die']);
  expect(await runtime.inspect(id)).toMatchObject({ engineState: 'exited', exitCode: 137, oomKilled: true });
  await log.close();
});

test('restarts what crashes, and remembers the exit', async () => {
  const { runtime, id } = await running();
  runtime.crash(id, 9);
  expect((await runtime.inspect(id))?.engineState).toBe('running');
  expect(await runtime.exitWithin(id, 10, never)).toEqual({ code: 9 });
});
