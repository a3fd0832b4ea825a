import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Refusal } from '#domain';
import {
  addNode,
  ask,
  laneOf,
  perform,
  reservedOn,
  settings,
  startSystem,
  upTo,
  type System,
  forgetAll,
} from './system.js';

let system: System;

beforeAll(async () => void (system = await startSystem()));
afterAll(() => system.close());
beforeEach(() => forgetAll(system));
afterEach(() => void jest.restoreAllMocks());

/** How many creates, sent at once, were accepted and how many found no room. */
async function createAtOnce(count: number): Promise<{ accepted: number; refused: number }> {
  const outcomes = await Promise.all(
    upTo(count).map((n) =>
      ask(system, `bot-${n}`, 'container.create').then(
        () => 'accepted',
        (error: unknown) => {
          if (error instanceof Refusal && error.code === 'no_capacity') return 'refused';
          throw error;
        },
      ),
    ),
  );
  const accepted = outcomes.filter((outcome) => outcome === 'accepted').length;
  return { accepted, refused: count - accepted };
}

/** Holds the first choices of a node until so many have been made: all of them choose by the same figures. */
function chooseTogether(count: number): void {
  const { bots } = system.stores;
  const find = bots.findForPlacement.bind(bots);
  let open: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (open = resolve));
  let chosen = 0;
  jest.spyOn(bots, 'findForPlacement').mockImplementation(async (tenantId, botId) => {
    const read = await find(tenantId, botId);
    chosen += 1;
    if (chosen === count) open();
    await all;
    return read;
  });
}

const purge = { params: { purgeData: true } };

describe('capacity', () => {
  it('never promises more memory than a node has, however many ask at once', async () => {
    await addNode(system, 'node-1', { maxMemoryMb: 256 * 7 });
    expect(await createAtOnce(30)).toEqual({ accepted: 7, refused: 23 });
    expect(await reservedOn(system, 'node-1')).toEqual({ cpus: 3.5, memory: 256 * 7, containers: 7 });
    // Who was refused has left nothing behind.
    expect(await system.sql(`SELECT 1 FROM bot UNION ALL SELECT 1 FROM operation`)).toHaveLength(14);
  });

  it('never promises more processors than a node has', async () => {
    await addNode(system, 'node-1', { maxCpus: 2 });
    expect(await createAtOnce(20)).toEqual({ accepted: 4, refused: 16 });
    expect(await reservedOn(system, 'node-1')).toMatchObject({ cpus: 2, containers: 4 });
  });

  it('counts what was promised before a ceiling was set', async () => {
    await addNode(system, 'node-1');
    expect(await createAtOnce(6)).toEqual({ accepted: 6, refused: 0 });
    await addNode(system, 'node-1', { maxMemoryMb: 256 * 7 });
    expect(await reservedOn(system, 'node-1')).toEqual({ cpus: 3, memory: 256 * 6, containers: 6 });
    await ask(system, 'one-more', 'container.create');
    await expect(ask(system, 'too-many', 'container.create')).rejects.toMatchObject({ code: 'no_capacity' });
  });

  it('refuses nobody while another node has room', async () => {
    for (const node of ['node-1', 'node-2', 'node-3']) await addNode(system, node, { maxMemoryMb: 256 * 4 });
    chooseTogether(15);
    expect(await createAtOnce(15)).toEqual({ accepted: 12, refused: 3 });
    for (const node of ['node-1', 'node-2', 'node-3']) {
      expect(await reservedOn(system, node)).toMatchObject({ memory: 256 * 4, containers: 4 });
    }
  });

  it('refuses a bot that is bound to a full node by its data, and leaves it as it was', async () => {
    await addNode(system, 'node-1', { maxMemoryMb: 256 });
    const { operation } = await ask(system, 'bot-1', 'container.create');
    await perform(system, operation.id);
    const gone = await ask(system, 'bot-1', 'container.delete');
    await perform(system, gone.operation.id);
    await addNode(system, 'node-2');
    await ask(system, 'bot-2', 'container.create', { params: { settings: settings() } });
    await system.sql(`UPDATE node_reservation SET memory_mb = 200 WHERE node_id = 'node-1' AND part = 0`);
    const before = (await laneOf(system, 'bot-1')).bot;
    await expect(ask(system, 'bot-1', 'container.create')).rejects.toMatchObject({ code: 'no_capacity' });
    expect((await laneOf(system, 'bot-1')).bot).toEqual(before);
  });

  it('refuses for good what no node is large enough for, and names the largest', async () => {
    // Of 8 CPUs and 16384 MiB each, however much of it is promised.
    await addNode(system, 'node-1');
    const asking = (botId: string, resources: { cpus: number; memoryMb: number }) =>
      ask(system, botId, 'container.create', {
        params: { settings: settings({ resources: { ...resources, pids: 64 } }) },
      });
    for (const resources of [
      { cpus: 8.5, memoryMb: 256 },
      { cpus: 1, memoryMb: 16_385 },
    ]) {
      await expect(asking('giant', resources)).rejects.toMatchObject({
        code: 'no_capacity',
        message: expect.stringContaining('node-1, has 8 CPUs and 16384 MiB'),
        extra: { retryable: false },
      });
    }
    expect(await system.sql(`SELECT 1 FROM bot UNION ALL SELECT 1 FROM operation`)).toEqual([]);
    await asking('large', { cpus: 8, memoryMb: 16_384 });
    await asking('another', { cpus: 8, memoryMb: 16_384 });

    // One that is bound by its data learns of its own node, and what is a no-op stays one.
    await addNode(system, 'node-2');
    await perform(system, (await ask(system, 'bound', 'container.create')).operation.id, 'node-2');
    expect(await asking('bound', { cpus: 99, memoryMb: 256 })).toMatchObject({ operation: { noop: true } });
    await perform(system, (await ask(system, 'bound', 'container.delete')).operation.id, 'node-2');
    await expect(asking('bound', { cpus: 99, memoryMb: 256 })).rejects.toMatchObject({
      code: 'no_capacity',
      message: expect.stringContaining('node-2, which has 8 CPUs'),
    });
  });

  it('gives back what a deleted container had, and the room is another bot’s', async () => {
    await addNode(system, 'node-1', { maxMemoryMb: 256 });
    const { operation } = await ask(system, 'bot-1', 'container.create');
    await perform(system, operation.id);
    await expect(ask(system, 'bot-2', 'container.create')).rejects.toMatchObject({ code: 'no_capacity' });
    const gone = await ask(system, 'bot-1', 'container.delete', purge);
    expect(await reservedOn(system, 'node-1')).toMatchObject({ memory: 256, containers: 1 });
    await perform(system, gone.operation.id);
    expect(await reservedOn(system, 'node-1')).toEqual({ cpus: 0, memory: 0, containers: 0 });
    expect((await laneOf(system, 'bot-1')).bot).toMatchObject({ nodeId: null, projected: 'absent' });
    expect((await ask(system, 'bot-2', 'container.create')).statusCode).toBe(202);
  });

  it('places new bots on ready nodes only', async () => {
    const unavailable = { code: 'node_unavailable' };
    await expect(ask(system, 'new', 'container.create')).rejects.toMatchObject(unavailable);
    const epoch = await addNode(system, 'node-1');
    await system.sql(`UPDATE node SET status = 'cordoned'`);
    await expect(ask(system, 'new', 'container.create')).rejects.toMatchObject(unavailable);
    await system.sql(`UPDATE node SET status = 'draining'`);
    await expect(ask(system, 'new', 'container.create')).rejects.toMatchObject(unavailable);
    await system.sql(`UPDATE node SET status = 'ready'`);
    await system.stores.nodes.heartbeat('node-1', epoch, false);
    await expect(ask(system, 'new', 'container.create')).rejects.toMatchObject(unavailable);
    expect(await system.sql('SELECT 1 FROM bot')).toEqual([]);
    await addNode(system, 'node-2');
    await ask(system, 'new', 'container.create');
    expect((await laneOf(system, 'new')).bot.nodeId).toBe('node-2');
  });

  it('goes on taking requests for the bots of a node that is cordoned or down', async () => {
    const epoch = await addNode(system, 'node-1');
    const { operation } = await ask(system, 'resident', 'container.create');
    await perform(system, operation.id);
    await system.sql(`UPDATE node SET status = 'cordoned'`);
    expect((await ask(system, 'resident', 'container.stop')).statusCode).toBe(202);
    await system.stores.nodes.heartbeat('node-1', epoch, false);
    expect((await ask(system, 'resident', 'container.start')).statusCode).toBe(202);
  });
});
