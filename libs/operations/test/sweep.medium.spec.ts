import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  addNode,
  ask,
  claim,
  expireLease,
  factsAfter,
  historyOf,
  laneOf,
  mustClaim,
  perform,
  row,
  startSystem,
  SUCCEEDED,
  upTo,
  type System,
  forgetAll,
} from './system.js';

let system: System;

beforeAll(async () => void (system = await startSystem()));
afterAll(() => system.close());
beforeEach(async () => {
  await forgetAll(system);
  await addNode(system, 'node-1');
});

/** As if so much time had passed since an operation was rung. */
const rungAgo = (id: string, seconds: number) =>
  system.sql(
    `UPDATE operation SET due_at = now() - interval '1 h', created_at = now() - interval '1 h',
       dispatched_at = now() - make_interval(secs => $2::double precision) WHERE id = $1`,
    [id, seconds],
  );
/** What a sweep rings. */
async function sweep(): Promise<{ operationId: string; dispatch: number }[]> {
  system.bells.length = 0;
  await system.sweep.run();
  return system.bells.map(({ operationId, dispatch }) => ({ operationId, dispatch }));
}
/** The process dies between the commit and the bell: what was committed says rung, and nobody heard. */
async function acceptUnheard(botId: string): Promise<string> {
  const { operation } = await ask(system, botId, 'container.create');
  await rungAgo(operation.id, 3600);
  return operation.id;
}

describe('the sweep', () => {
  it('leaves alone what was rung a moment ago', async () => {
    await ask(system, 'fresh', 'container.create');
    expect(await sweep()).toEqual([]);
  });

  it('rings what was committed and never heard under a new job id, and then waits for it', async () => {
    const id = await acceptUnheard('unheard');
    expect(await sweep()).toEqual([{ operationId: id, dispatch: 2 }]);
    expect(system.bells[0]?.nodeId).toBe('node-1');
    expect(await row(system, id)).toMatchObject({ dispatch: 2, status: 'queued' });
    expect(await sweep()).toEqual([]);
    expect((await perform(system, id)).operation.dispatch).toBe(2);
    await rungAgo(id, 3600);
    expect(await sweep()).toEqual([]);
  });

  it('waits longer after each ring: 5 s, doubling to 80 s', async () => {
    const { operation } = await ask(system, 'patient', 'container.create');
    for (const [index, seconds] of [5, 10, 20, 40, 80, 80].entries()) {
      await rungAgo(operation.id, seconds - 1);
      expect(await sweep()).toEqual([]);
      await rungAgo(operation.id, seconds + 1);
      expect(await sweep()).toEqual([{ operationId: operation.id, dispatch: index + 2 }]);
    }
  });

  it('rings at once what has become due after its last ring, and never what is not due', async () => {
    const { operation } = await ask(system, 'backoff', 'container.create');
    const claimed = await mustClaim(system, operation.id);
    const error = { code: 'docker_error', message: 'no', retryable: true } as const;
    await system.protocol.settle(claimed, { outcome: 'retry', error, countsAsAttempt: true, backoffMs: 60_000 }, null);
    expect(await sweep()).toEqual([]);
    await system.sql(`UPDATE operation SET due_at = now(), dispatched_at = now() - interval '100 ms'`);
    expect(await sweep()).toEqual([{ operationId: operation.id, dispatch: 2 }]);
  });

  it('rings only the head of a lane', async () => {
    const first = await acceptUnheard('lane');
    const second = await ask(system, 'lane', 'container.stop');
    await rungAgo(second.operation.id, 3600);
    expect(await sweep()).toEqual([{ operationId: first, dispatch: 2 }]);
    await mustClaim(system, first);
    await rungAgo(second.operation.id, 3600);
    expect(await sweep()).toEqual([]);
  });

  it('is not kept from nodes that are up by all that waits for one that is down', async () => {
    const epoch = await addNode(system, 'node-2');
    await system.sql(`UPDATE node SET status = 'cordoned' WHERE id = 'node-1'`);
    await Promise.all(upTo(210).map((n) => ask(system, `stranded-${n}`, 'container.create')));
    await system.sql(`UPDATE node SET status = 'ready' WHERE id = 'node-1'`);
    await system.stores.nodes.heartbeat('node-2', epoch, false);
    await system.sql(`UPDATE operation SET dispatched_at = NULL, due_at = now() - interval '1 h'`);
    const { operation } = await ask(system, 'waiting', 'container.create');
    await system.sql(`UPDATE operation SET dispatched_at = NULL WHERE id = $1`, [operation.id]);
    expect(await sweep()).toEqual([{ operationId: operation.id, dispatch: 2 }]);

    await system.stores.nodes.heartbeat('node-2', epoch, true);
    const rung = [...(await sweep()), ...(await sweep())];
    expect(new Set(rung.map(({ operationId }) => operationId)).size).toBe(210);
  });

  it('rings each unheard operation once, though four replicas sweep at once', async () => {
    const ids = await Promise.all(upTo(40).map((n) => acceptUnheard(`many-${n}`)));
    system.bells.length = 0;
    await Promise.all(upTo(4).map(() => system.sweep.run()));
    expect(system.bells.map(({ operationId }) => operationId).sort()).toEqual(ids.sort());
    expect(new Set(system.bells.map(({ dispatch }) => dispatch))).toEqual(new Set([2]));
  });

  it('rings all that is due on a node that is back, and nothing of others', async () => {
    await addNode(system, 'node-2');
    const answers = [];
    for (const n of upTo(6)) answers.push(await ask(system, `back-${n}`, 'container.create'));
    system.bells.length = 0;
    await system.sweep.ringUnheard('node-2');
    const ofNode: string[] = [];
    for (const { operation } of answers) {
      if ((await laneOf(system, operation.botId)).bot.nodeId === 'node-2') ofNode.push(operation.id);
    }
    expect(ofNode).toHaveLength(3);
    expect(system.bells.map(({ operationId }) => operationId).sort()).toEqual(ofNode.sort());
  });
});

describe('the sweep of stuck lanes', () => {
  it('puts an expired lease back to waiting and rings for it, once, though four sweep at once', async () => {
    const { operation } = await ask(system, 'orphan', 'container.create');
    const first = await mustClaim(system, operation.id);
    await expireLease(system, operation.id);
    system.bells.length = 0;
    await Promise.all(upTo(4).map(() => system.sweep.run()));
    expect(system.bells).toHaveLength(1);
    expect(await row(system, operation.id)).toMatchObject({ status: 'queued', claim_epoch: null, attempt: 1 });
    const types = (await historyOf(system, 'orphan')).map(({ type }) => type);
    expect(types.filter((type) => type === 'operation.queued')).toHaveLength(2);
    expect(await system.protocol.settle(first, SUCCEEDED, factsAfter(first))).toBe(false);
    expect((await perform(system, operation.id)).operation.attempt).toBe(2);
  });

  it('ends an operation whose workers died five times', async () => {
    const { operation } = await ask(system, 'cursed', 'container.create');
    for (const attempt of upTo(5)) {
      expect((await mustClaim(system, operation.id)).operation.attempt).toBe(attempt);
      await expireLease(system, operation.id);
      await system.sweep.run();
    }
    expect(await row(system, operation.id)).toMatchObject({ status: 'failed', error: { code: 'attempts_exhausted' } });
  });

  it('ends what waits past its time, and the next of the lane gets its turn', async () => {
    const { operation } = await ask(system, 'late', 'container.create');
    await perform(system, operation.id);
    const late = await ask(system, 'late', 'container.restart');
    const next = await ask(system, 'late', 'container.stop');
    await system.sql(`UPDATE operation SET deadline_at = now() - interval '1 s' WHERE id = $1`, [late.operation.id]);
    const rung = await sweep();
    expect(await row(system, late.operation.id)).toMatchObject({
      status: 'failed',
      error: { code: 'deadline_exceeded' },
    });
    expect(rung).toEqual([{ operationId: next.operation.id, dispatch: 1 }]);
  });

  it('asks what runs past its time to stop, waits for its worker, and ends it when the worker is gone', async () => {
    const { operation } = await ask(system, 'slow', 'container.create');
    const { epoch } = await mustClaim(system, operation.id);
    await system.sql(`UPDATE operation SET deadline_at = now() - interval '1 s'`);
    await sweep();
    expect(await row(system, operation.id)).toMatchObject({ status: 'running', cancel_requested: 'deadline' });
    const beats = [{ operationId: operation.id, epoch, phase: null, progress: null }];
    expect(await system.stores.operations.heartbeat(beats, 30)).toMatchObject([{ cancelRequested: 'deadline' }]);
    await expireLease(system, operation.id);
    await sweep();
    expect(await row(system, operation.id)).toMatchObject({ status: 'failed', error: { code: 'deadline_exceeded' } });
    expect((await laneOf(system, 'slow')).bot).toMatchObject({ projected: 'absent' });
  });

  it('ends a cancelled operation whose worker is gone', async () => {
    const { operation } = await ask(system, 'cancelled', 'container.create');
    await mustClaim(system, operation.id);
    await system.protocol.cancel(system.tenant.id, operation.id);
    await expireLease(system, operation.id);
    expect(await claim(system, operation.id)).toBeNull();
    await sweep();
    expect(await row(system, operation.id)).toMatchObject({ status: 'cancelled', error: { code: 'cancelled' } });
  });

  it('ends at once what was asked to stop in the moment that its attempt was put off', async () => {
    const { operation } = await ask(system, 'crossed', 'container.create');
    const claimed = await mustClaim(system, operation.id);
    // The attempt's end is judged before the wish to stop is written, and written after it.
    const { bots } = system.stores;
    const commit = bots.commit.bind(bots);
    jest.spyOn(bots, 'commit').mockImplementationOnce(async (...args) => {
      await system.protocol.cancel(system.tenant.id, operation.id);
      return commit(...args);
    });
    const error = { code: 'docker_error', message: 'no', retryable: true } as const;
    const retry = { outcome: 'retry', error, countsAsAttempt: true, backoffMs: 60_000 } as const;
    expect(await system.protocol.settle(claimed, retry, null)).toBe(true);
    expect(await row(system, operation.id)).toMatchObject({ status: 'queued', cancel_requested: 'requested' });
    await sweep();
    expect(await row(system, operation.id)).toMatchObject({ status: 'cancelled', error: { code: 'cancelled' } });
  });
});
