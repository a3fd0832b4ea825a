import { createMessaging, type Bell, type Messaging } from '#messaging';
import { startRedis, waitFor, type TestRedis } from '#testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { TestBed } from './bed.js';
import { DockerProxy, callOn } from './docker-proxy.js';
import { redisCommand } from './redis-command.js';
import { expectTruth } from './truth.js';

const NAMESPACE = 'bells';

let bed: TestBed;
let docker: DockerProxy;
let redis: TestRedis;
let messaging: Messaging;
/** Above what Berth itself counts to, so that no id is taken. */
let dispatch = 1_000_000;

beforeAll(async () => {
  [docker, redis] = await Promise.all([DockerProxy.start(), startRedis()]);
  bed = await TestBed.start({
    dockerHost: docker.host,
    redisUrl: redis.url,
    env: { BERTH_QUEUE_NAMESPACE: NAMESPACE, BERTH_WORKER_CONCURRENCY: '4' },
  });
  const databaseUrl = bed.database.url;
  messaging = await createMessaging({
    redisUrl: redis.url,
    databaseUrl,
    namespace: NAMESPACE,
    onFault: () => undefined,
  });
});

afterAll(async () => {
  await messaging?.close();
  await bed?.stop().finally(() => Promise.all([docker?.close(), redis?.stop()]));
});

const key = (end: string): string => `${NAMESPACE}:node-${bed.services.nodeId}:${end}`;

function ring(operationId: unknown, each: unknown = (dispatch += 1)): void {
  messaging.doorbell.ring(bed.services.nodeId, { operationId, dispatch: each } as Bell);
}

/** Everything rung was taken off and nothing of it is left. */
async function allHeard(): Promise<void> {
  await messaging.doorbell.flush();
  await waitFor(
    async () => {
      const lengths = await Promise.all(['wait', 'active'].map((list) => redisCommand(redis.port, 'LLEN', key(list))));
      const failed = await redisCommand(redis.port, 'ZCARD', key('failed'));
      expect([...lengths, failed]).toEqual([0, 0, 0]);
      return true;
    },
    { what: 'every bell to be heard' },
  );
}

describe('doorbells that nobody should have rung', () => {
  it('have no effect for operations that have ended, however often', async () => {
    const bot = bed.bot('ended');
    const ids: string[] = [];
    for (const verb of ['create', 'start', 'pause', 'resume', 'restart', 'stop', 'delete']) {
      const { id } = await bed.accept(bot, verb);
      await bed.succeeds(id);
      ids.push(id);
    }
    const { version } = await bed.view(bot);
    const did = bed.engine.actions(bot);
    await allHeard();
    for (let round = 0; round < 5; round += 1) for (const id of ids) ring(id);
    await allHeard();
    expect(await bed.view(bot)).toMatchObject({ version, status: 'absent' });
    expect(bed.engine.actions(bot)).toEqual(did);
    await expectTruth(bed, bot, 'absent');
  });

  it('neither double what runs nor bring forward what waits behind it', async () => {
    const bot = bed.bot('busy');
    const containerId = await bed.make(bot, true);
    const held = docker.hold(callOn('POST', containerId, '/stop'), 'after');
    const ids: string[] = [];
    for (const verb of ['stop', 'start', 'pause', 'resume', 'restart']) ids.push((await bed.accept(bot, verb)).id);
    await held.reached();
    const { version } = await bed.view(bot);
    for (let round = 0; round < 5; round += 1) for (const id of [...ids].reverse()) ring(id);
    // Those for the running one are heard as long as it runs: its worker looks whether it is to stop.
    await messaging.doorbell.flush();
    await waitFor(async () => (await redisCommand(redis.port, 'LLEN', key('wait'))) === 0, {
      what: 'the bells to be taken',
    });
    expect((await bed.view(bot)).version).toBe(version);
    expect(held.calls).toHaveLength(1);
    held.release();
    for (const id of ids) expect((await bed.succeeds(id)).attempt).toBe(1);
    const events = await expectTruth(bed, bot, 'running');
    const order = events.filter(({ type }) => type === 'operation.started').map(({ data }) => data.operation?.id);
    expect(order.slice(1)).toEqual(ids);
    const relevant = bed.engine.actions(bot).filter((each) => ['start', 'die', 'pause', 'unpause'].includes(each));
    expect(relevant).toEqual(['start', 'die', 'start', 'pause', 'unpause', 'die', 'start']);
    await allHeard();
  });

  it('are dropped where they are malformed or name nothing, and the next is heard', async () => {
    const bot = bed.bot('next');
    const nothing = [randomUUID(), 'no-uuid', 'x'.repeat(128), 'x'.repeat(10_000), "1' OR '1'='1", '../../etc', ''];
    for (const id of [...nothing, null, undefined, 7, true, {}, ['a']]) ring(id);
    for (const each of [null, undefined, -1, 1.5, 'seven', {}, Number.MAX_VALUE]) ring(randomUUID(), each);
    await bed.succeeds((await bed.accept(bot, 'create', { start: true })).id);
    await expectTruth(bed, bot, 'running');
    await allHeard();
    expect(bed.services.worker.running).toBe(true);
  });

  it('are dropped where their data is no JSON of ours', async () => {
    const bot = bed.bot('garbage');
    const garbage = ['null', '7', '"text"', '[]', '{}', '{"operationId":{"toString":1},"dispatch":1}', 'no json', ''];
    await bed.services.worker.kill('SIGTERM');
    const ids = garbage.map(() => randomUUID());
    for (const id of ids) ring(id, 1);
    const { id } = await bed.accept(bot, 'create', { start: true });
    await messaging.doorbell.flush();
    for (const [index, data] of garbage.entries()) {
      const job = key(`${ids[index]}-1`);
      expect(await redisCommand(redis.port, 'EXISTS', job)).toBe(1);
      await redisCommand(redis.port, 'HSET', job, 'data', data);
    }
    bed.services.worker.start();
    await bed.succeeds(id);
    await expectTruth(bed, bot, 'running');
    await bed.succeeds((await bed.accept(bot, 'delete')).id);
    expect(bed.services.worker.running).toBe(true);
  });
});
