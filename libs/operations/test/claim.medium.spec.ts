import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  addNode,
  ask,
  claim,
  expireLease,
  factsAfter,
  historyOf,
  laneOf,
  mustClaim,
  row,
  runningBot,
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
});

const beat = (operationId: string, epoch: number, phase: string | null = null) =>
  system.stores.operations.heartbeat([{ operationId, epoch, phase, progress: null }], 30);
const leaseOf = async (id: string): Promise<number | null> => {
  const [lease] = await system.sql<{ seconds: number | null }>(
    `SELECT extract(epoch FROM lease_expires_at - now())::double precision AS seconds FROM operation WHERE id = $1`,
    [id],
  );
  return lease?.seconds ?? null;
};

describe('claim', () => {
  it('gives an operation to one of sixteen workers', async () => {
    const { operation } = await ask(system, botId, 'container.create');
    const claims = await Promise.all(upTo(16).map(() => claim(system, operation.id)));
    const won = claims.filter((each) => each !== null);
    expect(won).toHaveLength(1);
    expect(won[0]?.operation).toMatchObject({ status: 'running', attempt: 1, claimedBy: 'node-1' });
    const claimed = await row(system, operation.id);
    expect(claimed).toMatchObject({ status: 'running', attempt: 1, claim_epoch: won[0]?.epoch });
    expect(await historyOf(system, botId)).toEqual([
      { version: 1, type: 'operation.queued' },
      { version: 2, type: 'operation.started' },
      { version: 3, type: 'container.status' },
    ]);
    const lease = await leaseOf(operation.id);
    expect(lease).toBeGreaterThan(25);
    expect(lease).toBeLessThanOrEqual(30);
  });

  it('never runs two operations of one bot, whatever the bells say', async () => {
    await runningBot(system, botId);
    const kinds = ['container.stop', 'container.start', 'container.restart', 'container.pause'] as const;
    const ids: string[] = [];
    for (const kind of kinds) ids.push((await ask(system, botId, kind)).operation.id);
    const order: string[] = [];
    while (order.length < ids.length) {
      const claims = await Promise.all([...ids, ...ids].map((id) => claim(system, id)));
      const won = claims.filter((each) => each !== null);
      expect(won).toHaveLength(1);
      const running = await system.sql(
        `SELECT 1 FROM operation o JOIN bot b ON b.key = o.bot_key WHERE b.bot_id = $1 AND o.status = 'running'`,
        [botId],
      );
      expect(running).toHaveLength(1);
      for (const claimed of won) {
        order.push(claimed.operation.id);
        expect(await system.protocol.settle(claimed, SUCCEEDED, factsAfter(claimed))).toBe(true);
      }
    }
    expect(order).toEqual(ids);
  });

  it('is stopped by the database itself where two would run', async () => {
    await runningBot(system, botId);
    const first = await ask(system, botId, 'container.stop');
    const second = await ask(system, botId, 'container.start');
    await mustClaim(system, first.operation.id);
    const overlap = system.sql(`UPDATE operation SET status = 'running' WHERE id = $1`, [second.operation.id]);
    await expect(overlap).rejects.toMatchObject({ kind: 'conflict', constraint: 'operation_one_running_idx' });
  });

  it('refuses what is not its turn, not due, not of this node, or ended', async () => {
    const create = await ask(system, botId, 'container.create');
    const stop = await ask(system, botId, 'container.stop');
    expect(await claim(system, stop.operation.id)).toBeNull();
    expect(await claim(system, create.operation.id, 'node-2')).toBeNull();
    expect(await claim(system, '00000000-0000-7000-8000-000000000000')).toBeNull();
    await system.sql(`UPDATE operation SET due_at = now() + interval '1 h' WHERE id = $1`, [create.operation.id]);
    expect(await claim(system, create.operation.id)).toBeNull();
    await system.sql(`UPDATE operation SET due_at = now() WHERE id = $1`, [create.operation.id]);
    const claimed = await mustClaim(system, create.operation.id);
    await system.protocol.settle(claimed, SUCCEEDED, factsAfter(claimed));
    expect(await claim(system, create.operation.id)).toBeNull();
  });

  it('refuses a sixth attempt', async () => {
    const { operation } = await ask(system, botId, 'container.create');
    for (const attempt of upTo(5)) {
      expect((await mustClaim(system, operation.id)).operation.attempt).toBe(attempt);
      await expireLease(system, operation.id);
    }
    expect(await claim(system, operation.id)).toBeNull();
  });
});

describe('a lease', () => {
  it('that ran out is taken over under a new epoch, and its first owner can write nothing any more', async () => {
    const { operation } = await ask(system, botId, 'container.create');
    const first = await mustClaim(system, operation.id);
    expect(await claim(system, operation.id)).toBeNull();
    await expireLease(system, operation.id);
    const takers = await Promise.all(upTo(8).map(() => claim(system, operation.id)));
    const [second, ...others] = takers.filter((each) => each !== null);
    if (!second) throw new Error('nobody took the operation over');
    expect(others).toEqual([]);
    expect(second.epoch).toBeGreaterThan(first.epoch);

    const before = [await laneOf(system, botId), await historyOf(system, botId)];
    expect(await system.protocol.settle(first, SUCCEEDED, factsAfter(first))).toBe(false);
    const error = { code: 'docker_error', message: 'late', retryable: true } as const;
    expect(await system.protocol.settle(first, { outcome: 'failed', error }, { state: 'failed' })).toBe(false);
    expect(await beat(operation.id, first.epoch)).toEqual([]);
    const [lane, history] = before;
    expect(await laneOf(system, botId)).toEqual({ ...lane, now: expect.any(String) });
    expect(await historyOf(system, botId)).toEqual(history);
    expect(await system.protocol.settle(second, SUCCEEDED, factsAfter(second))).toBe(true);
  });

  it('is renewed by a heartbeat, which carries progress in and a wish to stop out', async () => {
    const { operation } = await ask(system, botId, 'container.create');
    const { epoch } = await mustClaim(system, operation.id);
    await system.sql(`UPDATE operation SET lease_expires_at = now() + interval '2 s' WHERE id = $1`, [operation.id]);
    expect(await beat(operation.id, epoch, 'pulling')).toEqual([{ operationId: operation.id, cancelRequested: null }]);
    expect(await leaseOf(operation.id)).toBeGreaterThan(25);
    expect((await system.stores.operations.find(system.tenant.id, operation.id))?.operation.phase).toBe('pulling');
    await system.protocol.cancel(system.tenant.id, operation.id);
    expect(await beat(operation.id, epoch, 'pulling')).toEqual([
      { operationId: operation.id, cancelRequested: 'requested' },
    ]);
    // Asking to stop leaves what the worker has said, and its lease, as they are.
    expect(await row(system, operation.id)).toMatchObject({ phase: 'pulling', claim_epoch: epoch });
  });

  it('that is lost stays lost: a heartbeat after its end changes nothing', async () => {
    const { operation } = await ask(system, botId, 'container.create');
    const { epoch } = await mustClaim(system, operation.id);
    expect(await beat(operation.id, epoch + 1)).toEqual([]);
    await expireLease(system, operation.id);
    const before = await row(system, operation.id);
    expect(await beat(operation.id, epoch, 'too late')).toEqual([]);
    expect(await row(system, operation.id)).toEqual(before);
  });

  it('of several operations is renewed in one call, and the answer leaves out those that are lost', async () => {
    const claims = [];
    for (const n of upTo(3)) {
      const { operation } = await ask(system, `${botId}-${n}`, 'container.create');
      claims.push(await mustClaim(system, operation.id));
    }
    const [, lost] = claims;
    if (lost) await expireLease(system, lost.operation.id);
    const beats = claims.map(({ operation, epoch }) => ({
      operationId: operation.id,
      epoch,
      phase: null,
      progress: null,
    }));
    const kept = await system.stores.operations.heartbeat(beats, 30);
    expect(kept.map(({ operationId }) => operationId).sort()).toEqual(
      claims.flatMap(({ operation }) => (operation.id === lost?.operation.id ? [] : [operation.id])).sort(),
    );
    expect(await system.stores.operations.heartbeat([], 30)).toEqual([]);
  });

  it('is ended by the worker that takes the node over', async () => {
    const { operation } = await ask(system, botId, 'container.create');
    const { epoch } = await mustClaim(system, operation.id);
    await system.stores.operations.releaseLeases('node-2');
    expect(await beat(operation.id, epoch)).toHaveLength(1);
    await system.stores.operations.releaseLeases('node-1');
    expect(await beat(operation.id, epoch)).toEqual([]);
    expect((await mustClaim(system, operation.id)).epoch).toBeGreaterThan(epoch);
  });
});
