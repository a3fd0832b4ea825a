import { nodePage, operationSchema, type OperationView } from '#contracts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { operationOf } from '../support/bot.js';
import { exactly, expectProblem } from '../support/exact.js';
import { startSilentRegistry, type SilentRegistry } from '../support/silent-registry.js';
import type { System } from '../support/system.js';

/** An image that is never asked of a registry: it exists nowhere, and that is known at once. */
const NO_IMAGE = 'berth/there-is-none:1';

/** The published rules of a lane: no-op, join, supersede, queue behind, predecessor_failed, and cancelling. */
export function rules(system: () => System): void {
  let registry: SilentRegistry;
  beforeAll(async () => {
    registry = await startSilentRegistry();
  });
  afterAll(() => registry.close());

  const operation = async (id: string, wait = 0): Promise<OperationView> => {
    const { status, body } = await system().http.get(`/v1/operations/${id}?wait=${wait}`);
    expect(status).toBe(200);
    return exactly(operationSchema, body);
  };
  const cancel = async (id: string): Promise<OperationView> => {
    const { status, body } = await system().http.post(`/v1/operations/${id}/cancel`);
    expect(status).toBe(200);
    return exactly(operationSchema, body);
  };

  test('what already holds is a no-op: answered at once, and no event tells of it', async () => {
    const bot = system().bot('noop');
    await bot.run('create', { start: true });
    const { version } = await bot.get();
    for (const [verb, body] of [['start'], ['resume'], ['create', { start: true }]] as const) {
      const answer = verb === 'create' ? await bot.askCreate(body) : await bot.ask(verb);
      expect(answer.status).toBe(200);
      const noop = operationOf(answer);
      expect(noop).toMatchObject({ noop: true, status: 'succeeded', joined: false, position: 0, attempt: 0 });
      expect(await operation(noop.id)).toEqual(noop);
    }
    expect((await bot.get()).version).toBe(version);
    await bot.run('pause');
    expect(await bot.finish('pause')).toMatchObject({ noop: true });
    await bot.run('stop');
    expect(await bot.finish('stop')).toMatchObject({ noop: true });
  });

  test('equal requests join the one that waits last; others queue behind', async () => {
    const bot = system().bot('join');
    const create = await bot.send('create', { image: registry.image });
    const start = await bot.send('start');
    const restart = await bot.send('restart');
    const joined = await bot.ask('restart');
    expect(joined.status).toBe(202);
    expect(operationOf(joined)).toMatchObject({ id: restart.id, joined: true, position: 2 });
    const stop = await bot.send('stop', { timeoutSeconds: 3 });
    const again = await bot.send('restart');
    expect(again).toMatchObject({ joined: false, noop: false, status: 'queued' });
    expect([start, restart, stop, again].map(({ position }) => position)).toEqual([1, 2, 3, 4]);
    expect(new Set([start, restart, stop, again].map(({ id }) => id)).size).toBe(4);
    expect(await bot.get()).toMatchObject({ queued: 4, operation: { id: create.id } });
    await bot.finish('delete');
  });

  test('a delete supersedes all that waits and asks what runs to stop', async () => {
    const bot = system().bot('supersede');
    const create = await bot.send('create', { image: registry.image, start: true });
    const pause = await bot.send('pause');
    const stop = await bot.send('stop');
    await system().watcher.status(bot, 'creating');
    const deleted = operationOf(await bot.ask('delete', { headers: { prefer: 'wait=20' } }));
    expect(deleted).toMatchObject({ status: 'succeeded', noop: false });
    for (const { id } of [create, pause, stop]) {
      expect(await operation(id)).toMatchObject({ status: 'cancelled', error: { code: 'cancelled' } });
    }
    expect(await bot.get()).toMatchObject({ status: 'absent', operation: null, queued: 0 });
    expect(await bot.containers()).toEqual([]);
    await system().watcher.status(bot, 'deleting');
  });

  test('a failure cancels what it makes impossible, with predecessor_failed', async () => {
    const bot = system().bot('predecessor');
    const create = await bot.send('create', { image: registry.image });
    const start = await bot.send('start');
    const stop = await bot.send('stop');
    await system().watcher.status(bot, 'creating');
    expect((await cancel(create.id)).id).toBe(create.id);
    expect(await operation(create.id, 10)).toMatchObject({ status: 'cancelled', error: { code: 'cancelled' } });
    for (const { id } of [start, stop]) {
      expect(await operation(id)).toMatchObject({ status: 'cancelled', error: { code: 'predecessor_failed' } });
    }
    expect(await bot.get()).toMatchObject({ status: 'absent', queued: 0 });
  });

  test('an image that exists nowhere fails its create, for good, and says so', async () => {
    const bot = system().bot('no-image');
    const create = await bot.finish('create', { image: NO_IMAGE, start: true });
    expect(create).toMatchObject({
      status: 'failed',
      attempt: 1,
      error: { code: 'image_not_found', retryable: false },
    });
    expect(await bot.get()).toMatchObject({ status: 'absent', containerId: null, lastError: create.error });
    expectProblem(await bot.ask('start'), 409, 'invalid_transition');
    await bot.run('create');
    expect(await bot.get()).toMatchObject({ status: 'stopped', lastError: null });
  });

  test('what no node is large enough for is refused, with the size of the largest', async () => {
    const { body } = await system().http.get('/v1/nodes');
    const [node] = exactly(nodePage, body).items;
    if (!node) throw new Error('there is no node');
    const { cpus, memoryMb } = node.capacity;
    const bot = system().bot('giant');
    const answer = await bot.askCreate({ resources: { cpus: cpus + 0.01 } });
    const problem = expectProblem(answer, 503, 'no_capacity');
    expect(problem.retryable).toBe(false);
    expect(answer.headers.get('retry-after')).toBeNull();
    expect(problem.detail).toContain(`${node.id}, has ${cpus} CPUs and ${memoryMb} MiB`);
    expectProblem(await system().http.get(bot.path()), 404, 'bot_not_found');
    await bot.run('create', { start: true, resources: { cpus } });
    expect((await bot.inspect()).HostConfig.NanoCpus).toBe(cpus * 1e9);
  });

  test('a waiting operation is cancelled at once; what stood behind it goes on', async () => {
    const bot = system().bot('cancel-waiting');
    const create = await bot.send('create', { image: registry.image });
    const start = await bot.send('start');
    const stop = await bot.send('stop');
    const answered = await cancel(start.id);
    expect(answered).toMatchObject({ status: 'cancelled', error: { code: 'cancelled', retryable: false } });
    expect(answered.finishedAt).not.toBeNull();
    expect(await cancel(start.id)).toEqual(answered);
    expect(await operation(stop.id)).toMatchObject({ status: 'queued', position: 1 });
    await system().watcher.until(
      bot,
      'the cancelled start',
      ({ type, data }) => type === 'operation.cancelled' && data.operation?.id === start.id,
    );
    await cancel(create.id);
    expect((await operation(create.id, 10)).status).toBe('cancelled');
  });

  test('a running operation is cancelled as soon as it can, and the lane is free again', async () => {
    const bot = system().bot('cancel-running');
    const create = await bot.send('create', { image: registry.image });
    await system().watcher.status(bot, 'creating');
    const asked = Date.now();
    await cancel(create.id);
    const ended = await operation(create.id, 10);
    expect(ended).toMatchObject({ status: 'cancelled', error: { code: 'cancelled' } });
    expect(Date.now() - asked).toBeLessThan(3_000);
    expect(await bot.get()).toMatchObject({ status: 'absent', operation: null });
    await bot.run('create', { start: true });
    expect((await bot.get()).status).toBe('running');
    const done = await operation(create.id);
    expect(await cancel(create.id)).toEqual(done);
  });
  test('a cancel under an Idempotency-Key is one request, however often it is sent', async () => {
    const { http } = system();
    const bot = system().bot('cancel-keyed');
    const create = await bot.send('create', { image: registry.image });
    const start = await bot.send('start');
    await system().watcher.status(bot, 'creating');
    const headers = { 'idempotency-key': `cancel ${create.id}` };
    const path = `/v1/operations/${create.id}/cancel`;
    const first = await http.post(path, undefined, headers);
    expect(first).toMatchObject({ status: 200, body: { id: create.id } });
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect((await operation(create.id, 10)).status).toBe('cancelled');
    const again = await http.post(path, {}, headers);
    expect(again).toMatchObject({ status: 200, body: first.body });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expectProblem(await http.post(`/v1/operations/${start.id}/cancel`, {}, headers), 422, 'idempotency_key_reused');
    // What was refused has used no key up.
    const nobody = { 'idempotency-key': `nobody ${create.id}` };
    const unknown = `/v1/operations/${create.id.replace(/.$/, (c) => (c === '0' ? '1' : '0'))}/cancel`;
    expectProblem(await http.post(unknown, {}, nobody), 404, 'operation_not_found');
    expect((await http.post(path, {}, nobody)).status).toBe(200);
  });
}
