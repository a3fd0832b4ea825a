import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BotStore, NodeStore, type NodeRegistration } from '../index.js';
import { addBot, openBed, untilSomebodyWaits, type Bed } from './bed.js';

let bed: Bed;
let nodes: NodeStore;
let bots: BotStore;

beforeAll(async () => {
  bed = await openBed();
  nodes = new NodeStore(bed.database);
  bots = new BotStore(bed.database);
});
afterAll(() => bed.close());

const host = (id: string, overrides: Partial<NodeRegistration> = {}): NodeRegistration => ({
  id,
  engineVersion: '29.7.1',
  agentUrl: `http://${id}:4001`,
  cpus: 4,
  memoryMb: 8192,
  maxCpus: null,
  maxMemoryMb: null,
  ...overrides,
});

describe('a node', () => {
  it('is down until its first heartbeat, and shows what it registered with', async () => {
    expect(await nodes.register(host('shown', { maxCpus: 2.5, maxMemoryMb: 4096 }))).toBe(1);
    expect(await nodes.find('shown')).toMatchObject({ status: 'down', engineVersion: '29.7.1' });
    expect(await nodes.heartbeat('shown', 1, true)).toBe('down');
    expect(await nodes.find('shown')).toMatchObject({
      status: 'ready',
      capacity: { cpus: 4, memoryMb: 8192, maxCpus: 2.5, maxMemoryMb: 4096 },
      reserved: { cpus: 0, memoryMb: 0 },
      containers: 0,
      heartbeatAt: expect.any(String),
    });
    expect(await nodes.find('nowhere')).toBeNull();
  });

  it('has an agent to call for as long as it is up', async () => {
    await nodes.register(host('agent'));
    const key = await addBot(bed, bed.tenantId, 'located');
    const place = { key, containerId: null, nodeId: null, agentUrl: null };
    expect(await bots.locate(bed.tenantId, 'located')).toEqual(place);
    await bed.database.query(`UPDATE bot SET node_id = 'agent', container_id = 'c' WHERE key = $1 RETURNING key`, [
      key,
    ]);
    const placed = { ...place, nodeId: 'agent', containerId: 'c' };
    expect(await bots.locate(bed.tenantId, 'located')).toEqual(placed);
    await nodes.heartbeat('agent', 1, true);
    expect(await bots.locate(bed.tenantId, 'located')).toEqual({ ...placed, agentUrl: 'http://agent:4001' });
    expect(await bots.locate(bed.tenantId, 'nobody')).toBeNull();
  });

  it('is taken over by its newest worker, and the older ones are told', async () => {
    const first = await nodes.register(host('taken'));
    const second = await nodes.register(host('taken', { engineVersion: '30.0.0' }));
    expect(second).toBe(first + 1);
    expect(await nodes.heartbeat('taken', first, true)).toBe('replaced');
    expect((await nodes.find('taken'))?.status).toBe('down');
    expect(await nodes.heartbeat('taken', second, true)).toBe('down');
    expect(await nodes.heartbeat('taken', second, true)).toBe('up');
    expect(await nodes.heartbeat('taken', first, false)).toBe('replaced');
    expect(await nodes.find('taken')).toMatchObject({ status: 'ready', engineVersion: '30.0.0' });
  });

  it('gives each of ten workers that start at once an epoch of its own', async () => {
    const epochs = await Promise.all(Array.from({ length: 10 }, () => nodes.register(host('crowded'))));
    expect([...epochs].sort((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, index) => index + 1));
    const alive = await Promise.all(epochs.map((epoch) => nodes.heartbeat('crowded', epoch, true)));
    expect(alive.filter((before) => before !== 'replaced')).toHaveLength(1);
  });

  it('keeps what operators set and what is promised when a new worker registers', async () => {
    const epoch = await nodes.register(host('kept'));
    await nodes.heartbeat('kept', epoch, true);
    await bed.database.query(`UPDATE node SET status = 'cordoned' WHERE id = 'kept'`);
    // As concurrent accepts and ends leave it: one part may be below nothing.
    await bed.database.query(
      `UPDATE node_reservation SET cpus = CASE part WHEN 3 THEN 2.25 WHEN 7 THEN -0.75 ELSE 0 END,
         memory_mb = CASE part WHEN 3 THEN 5000000512 WHEN 7 THEN -512 ELSE 0 END WHERE node_id = 'kept'`,
    );
    await nodes.heartbeat('kept', await nodes.register(host('kept')), true);
    expect(
      await bed.database.query(`SELECT cpus, memory_mb::text AS memory FROM node_reservation
        WHERE node_id = 'kept' AND (part = 0 OR cpus <> 0 OR memory_mb <> 0)`),
    ).toEqual([{ cpus: 1.5, memory: '5000000000' }]);
    expect(await nodes.find('kept')).toMatchObject({
      status: 'cordoned',
      reserved: { cpus: 1.5, memoryMb: 5_000_000_000 },
    });
    const { nodes: candidates } = await new BotStore(bed.database).findForPlacement(bed.tenantId, 'nobody');
    expect(candidates.find(({ id }) => id === 'kept')).toEqual({
      id: 'kept',
      status: 'cordoned',
      size: { cpus: 4, memoryMb: 8_192 },
      ceiling: { cpus: null, memoryMb: null },
      reserved: { cpus: 1.5, memoryMb: 5_000_000_000, containers: 0 },
    });
  });

  it('learns from its heartbeat that it was given up, also when that happens in the same moment', async () => {
    const epoch = await nodes.register(host('given-up'));
    await nodes.heartbeat('given-up', epoch, true);
    const sweeping = await bed.connect();
    await sweeping.query('BEGIN');
    await sweeping.query(`UPDATE node SET up = false WHERE id = 'given-up'`);
    const before = nodes.heartbeat('given-up', epoch, true);
    await untilSomebodyWaits(sweeping);
    await sweeping.query('COMMIT');
    expect(await before).toBe('down');
    expect((await nodes.find('given-up'))?.status).toBe('ready');
  });

  it('that is silent is down, and named by every sweep until it is heard', async () => {
    const epoch = await nodes.register(host('silent'));
    await nodes.heartbeat('silent', epoch, true);
    expect(await nodes.sweepSilent(15)).not.toContain('silent');
    await bed.database.query(`UPDATE node SET heartbeat_at = now() - interval '16 s' WHERE id = 'silent'`);
    expect(await nodes.sweepSilent(17)).not.toContain('silent');
    expect(await nodes.sweepSilent(15)).toContain('silent');
    expect(await nodes.sweepSilent(15)).toContain('silent');
    expect((await nodes.find('silent'))?.status).toBe('down');
    await nodes.heartbeat('silent', epoch, true);
    expect(await nodes.sweepSilent(15)).not.toContain('silent');
  });

  it('that is down names the bots whose state nobody can vouch for, and none when it is up', async () => {
    const epoch = await nodes.register(host('owner'));
    for (const [botId, state, containerId] of [
      ['runs', 'running', 'c1'],
      ['known-unknown', 'unknown', 'c2'],
      ['no-container', 'absent', null],
    ]) {
      const key = await addBot(bed, bed.tenantId, botId ?? '');
      const place = [key, state, containerId];
      await bed.database.query(`UPDATE bot SET node_id = 'owner', state = $2, container_id = $3 WHERE key = $1`, place);
    }
    const [runs] = await bed.database.query<{ key: string }>(`SELECT key FROM bot WHERE bot_id = 'runs'`);
    expect(await nodes.botsNotUnknown('owner', 10)).toEqual([runs?.key]);
    await nodes.heartbeat('owner', epoch, true);
    expect(await nodes.botsNotUnknown('owner', 10)).toEqual([]);
  });

  it('is listed with the others by name, page by page', async () => {
    const all = (await nodes.list(null, 100)).map(({ id }) => id);
    expect(all).toEqual([...all].sort());
    const pages: string[] = [];
    for (let after: string | null = null; ;) {
      const page = await nodes.list(after, 2);
      if (page.length === 0) break;
      pages.push(...page.map(({ id }) => id));
      after = pages.at(-1) ?? null;
    }
    expect(pages).toEqual(all);
  });
});
