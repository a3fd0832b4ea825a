import type { ContainerView } from '#contracts';
import { waitFor } from '#testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TestBed } from './bed.js';
import { DockerProxy, callOn } from './docker-proxy.js';
import { expectTruth } from './truth.js';

let bed: TestBed;
let docker: DockerProxy;

beforeAll(async () => {
  docker = await DockerProxy.start();
  bed = await TestBed.start({ dockerHost: docker.host });
});

afterAll(async () => {
  await bed?.stop().finally(() => docker?.close());
});

afterEach(async () => {
  await docker.restore();
  await waitFor(async () => (await nodeStatus()) === 'ready', { what: 'the node to be ready again' });
});

async function nodeStatus(): Promise<unknown> {
  const { body } = await bed.http.get(`/v1/nodes/${bed.services.nodeId}`);
  return (body as { status?: unknown }).status;
}

/** How the bot's status went, as its events told it, without what an operation was called meanwhile. */
async function statesOf(bot: string): Promise<ContainerView['status'][]> {
  const events = await bed.events(bot);
  return events.flatMap(({ type, data }) => (type === 'container.status' ? [data.status] : []));
}

/** What must go on while nobody reaches the engine. */
async function expectApiUp(bot: string): Promise<void> {
  expect((await bed.http.get('/readyz')).status).toBe(200);
  expect((await bed.http.get('/v1/bots')).status).toBe(200);
  expect((await bed.view(bot)).containerId).not.toBeNull();
  expect(await nodeStatus()).toBe('down');
  const stats = await bed.http.get(`/v1/bots/${bot}/container/stats`);
  expect({ status: stats.status, retryable: (stats.body as { retryable?: boolean }).retryable }).toEqual({
    status: 503,
    retryable: true,
  });
}

describe.each([
  ['refuses', 'before'],
  ['refuses', 'during'],
  ['resets', 'during'],
  ['refuses', 'after'],
] as const)('an engine that %s from %s a start on', (how, moment) => {
  it('leaves states unknown and operations waiting until it is back', async () => {
    const tag = `${how}-${moment}`;
    const [starting, idle, dying, young] = ['starting', 'idle', 'dying', 'young'].map((name) =>
      bed.bot(`${tag}-${name}`),
    );
    if (!starting || !idle || !dying || !young) throw new Error('four bots');
    const [containerId, , dyingId] = await Promise.all([
      bed.make(starting, false),
      bed.make(idle, true),
      bed.make(dying, true),
    ]);
    const held = docker.hold(callOn('POST', containerId, '/start'), moment);
    const start = await bed.accept(starting, 'start');
    await held.reached();
    await docker.cut(how);
    held.release();

    await Promise.all([bed.until(idle, 'unknown'), bed.until(dying, 'unknown')]);
    await expectApiUp(idle);
    const waiting = [await bed.accept(starting, 'stop')];
    waiting.push(await bed.accept(starting, 'start'), await bed.accept(idle, 'restart'));
    // A new bot has nowhere to go, and is told so.
    const refused = await bed.send(young, 'create', { start: true });
    expect(refused).toMatchObject({ status: 503, body: { code: 'node_unavailable', retryable: true } });
    await bed.docker.getContainer(dyingId).kill();
    for (const { id } of [start, ...waiting]) expect((await bed.operation(id)).finishedAt).toBeNull();

    await docker.restore();
    for (const { id } of [start, ...waiting]) await bed.succeeds(id);
    await expectTruth(bed, starting, 'running');
    await expectTruth(bed, idle, 'running');
    await bed.until(dying, 'stopped');
    expect(await statesOf(dying)).toEqual(['creating', 'running', 'unknown', 'stopped']);
    await bed.succeeds((await bed.accept(young, 'create', { start: true })).id);
    await expectTruth(bed, young, 'running');
    expect(bed.engine.count(starting, 'create')).toBe(1);
  });
});

describe('an engine that hangs in the middle of calls', () => {
  it('is noticed, and everything goes on when it answers again', async () => {
    const [stopping, idle] = [bed.bot('hung-stopping'), bed.bot('hung-idle')];
    const creating = bed.bot('hung-creating');
    const [containerId] = await Promise.all([bed.make(stopping, true), bed.make(idle, true)]);
    const held = docker.hold(
      ({ method, path }) =>
        callOn('POST', containerId, '/stop')({ method, path }) ||
        (path.includes('/create?') && path.includes(creating)),
      'during',
    );
    const operations = [await bed.accept(stopping, 'stop'), await bed.accept(creating, 'create', { start: true })];
    await held.reached(2);
    docker.stall();
    held.release();

    await bed.until(idle, 'unknown', 20_000);
    await expectApiUp(idle);
    operations.push(await bed.accept(idle, 'restart'));
    await docker.restore();
    for (const { id } of operations) await bed.succeeds(id);
    await expectTruth(bed, stopping, 'stopped');
    await expectTruth(bed, creating, 'running');
    await expectTruth(bed, idle, 'running');
    expect(bed.engine.count(creating, 'create')).toBe(1);
  });
});

describe('an engine that is gone while its worker starts', () => {
  it('is waited for', async () => {
    const bot = bed.bot('late');
    await bed.make(bot, true);
    await bed.services.worker.kill('SIGKILL');
    await docker.cut('refuses');
    bed.services.worker.start();
    await waitFor(() => /does not answer yet/.test(bed.services.worker.lastLogs()), { what: 'the worker to wait' });
    const operation = await bed.accept(bot, 'stop');
    await docker.restore();
    await bed.succeeds(operation.id);
    await expectTruth(bed, bot, 'stopped');
  });
});
