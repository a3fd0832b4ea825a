import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { waitFor } from '#testing';
import { IdempotencyRefusal, once } from '../index.js';
import { addNode, ask, laneOf, perform, runningBot, settings, startSystem, upTo, type System } from './system.js';

let system: System;

beforeAll(async () => {
  system = await startSystem();
  await addNode(system, 'node-1');
});
afterAll(() => system.close());

const keyed = (key: string, fingerprint = 'same') => ({ idempotency: { key, fingerprint } });
const operationsOf = async (botId: string): Promise<number> =>
  (await system.sql(`SELECT 1 FROM operation o JOIN bot b ON b.key = o.bot_key WHERE b.bot_id = $1`, [botId])).length;
const age = (key: string, by: string) =>
  system.sql(`UPDATE idempotency_key SET created_at = now() - $2::interval WHERE key = $1`, [key, by]);
const reused = { code: 'idempotency_key_reused' };

describe('an accepted request under an Idempotency-Key', () => {
  it('gets the same answer again, also when the operation has long ended', async () => {
    const first = await ask(system, 'again', 'container.create', keyed('a'));
    expect(await ask(system, 'again', 'container.create', keyed('a'))).toEqual({ ...first, replayed: true });
    await perform(system, first.operation.id);
    expect(await ask(system, 'again', 'container.create', keyed('a'))).toEqual({ ...first, replayed: true });
    expect(await operationsOf('again')).toBe(1);
  });

  it('is refused under a key that another request has used', async () => {
    await expect(ask(system, 'again', 'container.stop', keyed('a', 'other'))).rejects.toMatchObject(reused);
    expect((await laneOf(system, 'again')).operations).toEqual([]);
  });

  it('is one operation, though sent twenty times at once', async () => {
    await runningBot(system, 'twenty');
    const answers = await Promise.all(upTo(20).map(() => ask(system, 'twenty', 'container.restart', keyed('b'))));
    expect(new Set(answers.map(({ operation }) => operation.id)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed).length).toBeGreaterThan(0);
    expect((await laneOf(system, 'twenty')).operations).toHaveLength(1);
  });

  it('is one of two, where two requests use a key at once', async () => {
    await runningBot(system, 'left');
    await runningBot(system, 'right');
    for (const round of upTo(10)) {
      const outcomes = await Promise.allSettled([
        ask(system, 'left', 'container.restart', {
          ...keyed(`race-${round}`, 'left'),
          params: { timeoutSeconds: round },
        }),
        ask(system, 'right', 'container.restart', {
          ...keyed(`race-${round}`, 'right'),
          params: { timeoutSeconds: round },
        }),
      ]);
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const loser = outcomes.find((outcome) => outcome.status === 'rejected');
      expect(loser?.reason).toMatchObject(reused);
    }
    const lanes = [await laneOf(system, 'left'), await laneOf(system, 'right')];
    expect(lanes.reduce((sum, { operations }) => sum + operations.length, 0)).toBe(10);
  });

  it('is remembered where it had nothing to do, and where it joined another', async () => {
    await runningBot(system, 'idle');
    const noop = await ask(system, 'idle', 'container.start', keyed('noop'));
    expect(noop).toMatchObject({ statusCode: 200, operation: { noop: true } });
    const restart = await ask(system, 'idle', 'container.restart');
    const joined = await ask(system, 'idle', 'container.restart', keyed('join'));
    expect(joined).toMatchObject({ statusCode: 202, operation: { id: restart.operation.id, joined: true } });
    await perform(system, restart.operation.id);
    await perform(system, (await ask(system, 'idle', 'container.stop')).operation.id);
    expect(await ask(system, 'idle', 'container.start', keyed('noop'))).toEqual({ ...noop, replayed: true });
    expect(await ask(system, 'idle', 'container.restart', keyed('join'))).toEqual({ ...joined, replayed: true });
    expect((await laneOf(system, 'idle')).operations).toEqual([]);
  });

  it('is refused under a key that another request took in the meantime, also where it only joins', async () => {
    await runningBot(system, 'overtaken');
    await ask(system, 'overtaken', 'container.restart');
    // The moment between looking the key up and recording it is another request's.
    const { idempotency } = system.stores;
    const { id: tenantId } = system.tenant;
    const forgetExpired = jest.spyOn(idempotency, 'forgetExpired').mockImplementationOnce(async () => {
      const sealed = system.secrets.seal('{}').toString('base64');
      await idempotency.begin(tenantId, 'taken', 'another');
      await idempotency.complete(tenantId, 'taken', { statusCode: 201, sealed });
    });
    await expect(ask(system, 'overtaken', 'container.restart', keyed('taken'))).rejects.toMatchObject(reused);
    expect(forgetExpired).toHaveBeenCalledTimes(1);
  });

  it('is a new one a day later', async () => {
    await runningBot(system, 'tomorrow');
    const first = await ask(system, 'tomorrow', 'container.restart', keyed('old'));
    await perform(system, first.operation.id);
    await age('old', '23 hours 59 minutes');
    expect((await ask(system, 'tomorrow', 'container.restart', keyed('old'))).replayed).toBe(true);
    await age('old', '24 hours 1 second');
    const next = await Promise.all(upTo(5).map(() => ask(system, 'tomorrow', 'container.restart', keyed('old'))));
    expect(new Set(next.map(({ operation }) => operation.id)).size).toBe(1);
    expect(next[0]?.operation.id).not.toBe(first.operation.id);
  });

  it('leaves no key behind where it is refused', async () => {
    await runningBot(system, 'refused');
    const resume = { params: { settings: settings() }, ...keyed('refused') };
    await expect(ask(system, 'missing', 'container.start', keyed('refused'))).rejects.toMatchObject({
      code: 'bot_not_found',
    });
    expect((await ask(system, 'refused', 'container.restart', resume)).replayed).toBe(false);
  });

  it('is another tenant’s own business', async () => {
    const [tenant] = await system.sql<{ id: string; slug: string }>(
      `INSERT INTO tenant (id, name, slug) VALUES (gen_random_uuid(), 'other', 'other') RETURNING id, slug`,
    );
    if (!tenant) throw new Error('the tenant was not made');
    const mine = await ask(system, 'shared', 'container.create', keyed('shared'));
    const theirs = await ask(system, 'shared', 'container.create', { ...keyed('shared', 'theirs'), tenant });
    expect(theirs.replayed).toBe(false);
    expect(theirs.operation.id).not.toBe(mine.operation.id);
    expect(await system.stores.operations.find(tenant.id, mine.operation.id)).toBeNull();
  });
});

describe('once', () => {
  const run = (
    key: string,
    fingerprint: string,
    work: () => Promise<{ statusCode: number; body: unknown; kept?: unknown }>,
  ) => once(system.stores.idempotency, system.secrets, system.tenant.id, { key, fingerprint }, work);
  const made = (body: unknown) => () => Promise.resolve({ statusCode: 201, body });

  it('runs a request once, replays its answer, and refuses another under its key', async () => {
    expect(await run('k1', 'f', made({ secret: 's3cret' }))).toMatchObject({ replayed: false });
    const replay = await run('k1', 'f', () => Promise.reject(new Error('ran twice')));
    expect(replay).toEqual({ statusCode: 201, body: { secret: 's3cret' }, replayed: true });
    await expect(run('k1', 'g', made(null))).rejects.toMatchObject(reused);
    const [kept] = await system.sql<{ answer: string }>(`SELECT answer FROM idempotency_key WHERE key = 'k1'`);
    expect(kept?.answer).not.toContain('s3cret');
  });

  it('keeps, and gives again, no more of an answer than may be kept', async () => {
    const work = () =>
      Promise.resolve({ statusCode: 201, body: { id: 7, secret: 's3cret' }, kept: { id: 7, secret: null } });
    expect(await run('k0', 'f', work)).toEqual({ statusCode: 201, body: { id: 7, secret: 's3cret' }, replayed: false });
    expect(await run('k0', 'f', work)).toEqual({ statusCode: 201, body: { id: 7, secret: null }, replayed: true });
    const [kept] = await system.sql<{ answer: string }>(`SELECT answer FROM idempotency_key WHERE key = 'k0'`);
    expect(JSON.parse(system.secrets.open(Buffer.from(kept?.answer ?? '', 'base64')))).toEqual({ id: 7, secret: null });
  });

  it('lets one of ten run, and says to the others that it is in progress', async () => {
    let runs = 0;
    let finish: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (finish = resolve));
    const outcomes = upTo(10).map(() =>
      run('k2', 'f', async () => {
        runs += 1;
        await held;
        return { statusCode: 201, body: null };
      }).then(
        () => 'ran',
        (error: unknown) => {
          finish();
          return error instanceof IdempotencyRefusal ? error.code : error;
        },
      ),
    );
    const seen = await Promise.all(outcomes);
    expect(runs).toBe(1);
    expect(seen.filter((each) => each === 'ran').length).toBeGreaterThan(0);
    for (const each of seen) expect(['ran', 'idempotency_in_progress']).toContain(each);
  });

  it('keeps the key of a request that runs for longer than a dead one is waited for', async () => {
    let end: () => void = () => undefined;
    const { stores, secrets, tenant } = system;
    const work = async (): Promise<{ statusCode: number; body: unknown }> => {
      await new Promise<void>((resolve) => (end = resolve));
      return { statusCode: 200, body: 'long' };
    };
    const first = once(stores.idempotency, secrets, tenant.id, { key: 'long', fingerprint: 'f' }, work, 20);
    const age = async (): Promise<number> => {
      const sql = `SELECT extract(epoch FROM now() - created_at)::float AS age FROM idempotency_key WHERE key = 'long'`;
      return (await system.sql<{ age: number }>(sql))[0]?.age ?? -1;
    };
    await waitFor(async () => (await age()) >= 0, { what: 'the request to begin' });
    await system.sql(`UPDATE idempotency_key SET created_at = now() - interval '2 min' WHERE key = 'long'`);
    await waitFor(async () => (await age()) < 30, { what: 'it to say that it still runs' });
    await expect(run('long', 'f', made('twice'))).rejects.toMatchObject({ code: 'idempotency_in_progress' });
    end();
    expect(await first).toMatchObject({ body: 'long', replayed: false });
    expect(await run('long', 'f', made('twice'))).toMatchObject({ body: 'long', replayed: true });
  });

  it('frees the key of a request that failed, and of one whose process died', async () => {
    await expect(run('k3', 'f', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await run('k3', 'other', made(1))).toMatchObject({ replayed: false });
    expect(await system.stores.idempotency.begin(system.tenant.id, 'k4', 'f')).toBe(true);
    await expect(run('k4', 'f', made(2))).rejects.toMatchObject({ code: 'idempotency_in_progress' });
    await age('k4', '61 seconds');
    expect(await run('k4', 'other', made(2))).toMatchObject({ replayed: false });
  });
});
