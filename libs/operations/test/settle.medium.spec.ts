import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { OperationError } from '#domain';
import {
  addNode,
  ask,
  claim,
  factsAfter,
  historyOf,
  laneOf,
  mustClaim,
  perform,
  reservedOn,
  row,
  runningBot,
  settings,
  startSystem,
  SUCCEEDED,
  upTo,
  type System,
} from './system.js';

let system: System;
let bots = 0;
let botId: string;

beforeAll(async () => {
  system = await startSystem();
  await addNode(system, 'node-1');
});
afterAll(() => system.close());
beforeEach(() => {
  bots += 1;
  botId = `bot-${bots}`;
  system.bells.length = 0;
});

const broken: OperationError = { code: 'docker_error', message: 'The engine said no.', retryable: true };

/** The next statement is run, and its answer lost on the way back. */
function loseNextAnswer(): void {
  const { bots: store } = system.stores;
  const commit = store.commit.bind(store);
  jest.spyOn(store, 'commit').mockImplementationOnce(async (...args) => {
    await commit(...args);
    throw new Error('the answer was lost');
  });
}

describe('settle', () => {
  it('ends the operation, records the facts, tells of both, and rings for the next, all at once', async () => {
    const create = await ask(system, botId, 'container.create');
    const stop = await ask(system, botId, 'container.stop');
    await ask(system, botId, 'container.start');
    system.bells.length = 0;
    await perform(system, create.operation.id);

    const { bot, operations } = await laneOf(system, botId);
    expect(bot).toMatchObject({ state: 'running', projected: 'running', incarnation: 1, hasData: true });
    expect(operations.map(({ kind }) => kind)).toEqual(['container.stop', 'container.start']);
    expect((await historyOf(system, botId)).slice(-2).map(({ type }) => type)).toEqual([
      'operation.succeeded',
      'container.status',
    ]);
    expect(system.bells).toEqual([{ nodeId: 'node-1', operationId: stop.operation.id, dispatch: 1 }]);
    expect(await row(system, stop.operation.id)).toMatchObject({ dispatch: 1, dispatched_at: expect.any(Date) });
    const writers = await system.sql<{ writer: string }>(
      `SELECT xmin::text AS writer FROM operation WHERE id = ANY($1::uuid[])
       UNION SELECT xmin::text FROM bot WHERE bot_id = $2`,
      [[create.operation.id, stop.operation.id], botId],
    );
    expect(writers).toHaveLength(1);
  });

  it('of a success needs no look at a lane that is still as the claim has left it, and takes its time from then', async () => {
    const { operation } = await ask(system, botId, 'container.create');
    const claimed = await mustClaim(system, operation.id);
    const reads = jest.spyOn(system.stores.bots, 'findByKey');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await system.protocol.settle(claimed, SUCCEEDED, factsAfter(claimed))).toBe(true);
    expect(reads).not.toHaveBeenCalled();
    reads.mockRestore();
    const [ended] = await system.sql<{ took: number }>(
      `SELECT extract(epoch FROM finished_at - started_at)::float AS took FROM operation WHERE id = $1::uuid`,
      [operation.id],
    );
    expect(ended?.took).toBeGreaterThanOrEqual(0.029);
    expect(ended?.took).toBeLessThan(30);
  });

  it('of a success looks again where the lane has grown since, and keeps what was asked for meanwhile', async () => {
    const { operation } = await ask(system, botId, 'container.create');
    const claimed = await mustClaim(system, operation.id);
    const start = await ask(system, botId, 'container.restart');
    expect(await system.protocol.settle(claimed, SUCCEEDED, factsAfter(claimed))).toBe(true);
    const { bot, operations } = await laneOf(system, botId);
    expect(bot.projected).toBe('running');
    expect(operations.map(({ id }) => id)).toEqual([start.operation.id]);
  });

  it('may be repeated after its answer was lost, and is counted once', async () => {
    const { operation } = await ask(system, botId, 'container.create');
    const claimed = await mustClaim(system, operation.id);
    loseNextAnswer();
    await expect(system.protocol.settle(claimed, SUCCEEDED, factsAfter(claimed))).rejects.toThrow('was lost');
    const written = await laneOf(system, botId);
    const history = await historyOf(system, botId);
    expect(await system.protocol.settle(claimed, SUCCEEDED, factsAfter(claimed))).toBe(false);
    expect((await laneOf(system, botId)).bot).toEqual(written.bot);
    expect(await historyOf(system, botId)).toEqual(history);
    expect(await row(system, operation.id)).toMatchObject({ status: 'succeeded', attempt: 1 });
  });

  it('of one claim by several at once is written once', async () => {
    const { operation } = await ask(system, botId, 'container.create');
    const claimed = await mustClaim(system, operation.id);
    const facts = factsAfter(claimed);
    const answers = await Promise.all(upTo(8).map(() => system.protocol.settle(claimed, SUCCEEDED, facts)));
    expect(answers.filter(Boolean)).toHaveLength(1);
    const ends = (await historyOf(system, botId)).filter(({ type }) => type === 'operation.succeeded');
    expect(ends).toHaveLength(1);
  });

  it('puts a failed attempt off, and counts it', async () => {
    const { operation } = await ask(system, botId, 'container.create');
    const claimed = await mustClaim(system, operation.id);
    system.bells.length = 0;
    const retry = { outcome: 'retry', error: broken, countsAsAttempt: true, backoffMs: 60_000 } as const;
    expect(await system.protocol.settle(claimed, retry, null)).toBe(true);
    expect(await row(system, operation.id)).toMatchObject({
      status: 'queued',
      attempt: 1,
      claim_epoch: null,
      claimed_by: null,
      lease_expires_at: null,
      error: broken,
    });
    const [due] = await system.sql<{ seconds: number }>(
      `SELECT extract(epoch FROM due_at - now())::double precision AS seconds FROM operation WHERE id = $1`,
      [operation.id],
    );
    expect(due?.seconds).toBeGreaterThan(55);
    expect(due?.seconds).toBeLessThanOrEqual(60);
    expect(system.bells).toEqual([]);
    expect(await claim(system, operation.id)).toBeNull();
    await system.sql(`UPDATE operation SET due_at = now() WHERE id = $1`, [operation.id]);
    expect((await mustClaim(system, operation.id)).operation).toMatchObject({ attempt: 2 });
    expect(await system.protocol.settle(claimed, retry, null)).toBe(false);
  });

  it('cancels with predecessor_failed what a failure has made impossible, and rings for what is left', async () => {
    const create = await ask(system, botId, 'container.create');
    const pause = await ask(system, botId, 'container.pause');
    const stop = await ask(system, botId, 'container.stop');
    const claimed = await mustClaim(system, create.operation.id);
    const failed = { outcome: 'failed', error: broken } as const;
    await system.protocol.settle(claimed, failed, { state: 'absent', containerId: null });
    expect(await row(system, create.operation.id)).toMatchObject({ status: 'failed', error: broken });
    for (const { operation } of [pause, stop]) {
      expect(await row(system, operation.id)).toMatchObject({
        status: 'cancelled',
        error: { code: 'predecessor_failed' },
        finished_at: expect.any(Date),
      });
    }
    expect((await laneOf(system, botId)).bot).toMatchObject({ projected: 'absent', lastError: broken });

    await runningBot(system, `${botId}-b`);
    const restart = await ask(system, `${botId}-b`, 'container.restart');
    const impossible = await ask(system, `${botId}-b`, 'container.pause');
    const possible = await ask(system, `${botId}-b`, 'container.start');
    system.bells.length = 0;
    await system.protocol.settle(await mustClaim(system, restart.operation.id), failed, { state: 'stopped' });
    expect(await row(system, impossible.operation.id)).toMatchObject({ error: { code: 'predecessor_failed' } });
    expect(await row(system, possible.operation.id)).toMatchObject({ status: 'queued', dispatch: 1 });
    expect(system.bells.map(({ operationId }) => operationId)).toEqual([possible.operation.id]);
    const versions = (await historyOf(system, `${botId}-b`)).map(({ version }) => version);
    expect(versions).toEqual(upTo(versions.length));
  });

  it('gives the reservation back when the container and its data are gone, and empties sealed_env', async () => {
    const before = await reservedOn(system, 'node-1');
    const resources = { cpus: 0.1, memoryMb: 100, pids: 10 };
    const params = { start: true, settings: settings({ resources, env: ['A'] }) };
    const create = await ask(system, botId, 'container.create', { params, env: { A: 'b' } });
    expect((await row<{ sealed_env: string | null }>(system, create.operation.id)).sealed_env).not.toBeNull();
    await perform(system, create.operation.id);
    expect(await row(system, create.operation.id)).toMatchObject({ sealed_env: null });
    expect((await laneOf(system, botId)).bot.sealedEnv).not.toBeNull();
    expect(await reservedOn(system, 'node-1')).toMatchObject({
      memory: before.memory + 100,
      containers: before.containers + 1,
    });

    const remove = await ask(system, botId, 'container.delete', { params: { purgeData: true } });
    await perform(system, remove.operation.id);
    expect(await reservedOn(system, 'node-1')).toEqual(before);
    expect((await laneOf(system, botId)).bot).toMatchObject({
      state: 'absent',
      sealedEnv: null,
      nodeId: null,
      reserved: { cpus: 0, memoryMb: 0, containers: 0 },
    });
  });

  it('gives the reservation back, and empties sealed_env, when a create fails or is cancelled', async () => {
    const before = await reservedOn(system, 'node-1');
    const request = { env: { A: 'b' }, params: { settings: settings({ env: ['A'] }) } };
    const failing = await ask(system, botId, 'container.create', request);
    const claimed = await mustClaim(system, failing.operation.id);
    await system.protocol.settle(claimed, { outcome: 'failed', error: broken }, { state: 'absent', containerId: null });
    const cancelled = await ask(system, botId, 'container.create', request);
    await system.protocol.cancel(system.tenant.id, cancelled.operation.id);
    for (const { operation } of [failing, cancelled]) {
      expect(await row(system, operation.id)).toMatchObject({ sealed_env: null, finished_at: expect.any(Date) });
    }
    expect(await row(system, cancelled.operation.id)).toMatchObject({ status: 'cancelled' });
    expect(await reservedOn(system, 'node-1')).toEqual(before);
  });

  it('keeps the books straight over many containers at once', async () => {
    const before = await reservedOn(system, 'node-1');
    const resources = { cpus: 0.1, memoryMb: 33, pids: 10 };
    await Promise.all(
      upTo(20).map(async (n) => {
        const params = { settings: settings({ resources }) };
        const create = await ask(system, `${botId}-${n}`, 'container.create', { params });
        await perform(system, create.operation.id);
        const remove = await ask(system, `${botId}-${n}`, 'container.delete', { params: { purgeData: true } });
        await perform(system, remove.operation.id);
      }),
    );
    expect(await reservedOn(system, 'node-1')).toEqual(before);
  });
});

describe('cancel', () => {
  it('that races with the end of an attempt is kept, and ends the operation', async () => {
    for (const n of upTo(10)) {
      const { operation } = await ask(system, `${botId}-${n}`, 'container.create');
      const claimed = await mustClaim(system, operation.id);
      const retry = { outcome: 'retry', error: broken, countsAsAttempt: false, backoffMs: 0 } as const;
      await Promise.all([
        system.protocol.cancel(system.tenant.id, operation.id),
        system.protocol.settle(claimed, retry, null),
      ]);
      await system.sweep.run();
      expect(await row(system, operation.id)).toMatchObject({ status: 'cancelled', error: { code: 'cancelled' } });
      expect(await claim(system, operation.id)).toBeNull();
    }
  });

  it('leaves an ended operation, and another tenant’s, as they are', async () => {
    const { operation } = await ask(system, botId, 'container.create');
    await perform(system, operation.id);
    const before = await row(system, operation.id);
    const placed = await system.protocol.cancel(system.tenant.id, operation.id);
    expect(placed?.operation.status).toBe('succeeded');
    expect(await system.protocol.cancel('00000000-0000-4000-8000-000000000000', operation.id)).toBeNull();
    expect(await row(system, operation.id)).toEqual(before);
  });
});
