import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { waitFor } from '#testing';
import { Refusal, type OperationKind } from '#domain';
import type { Accepted } from '../index.js';
import { addNode, ask, historyOf, laneOf, reservedOn, runningBot, startSystem, upTo, type System } from './system.js';

let system: System;

beforeAll(async () => {
  system = await startSystem();
  await addNode(system, 'node-1');
});
afterAll(() => system.close());

interface Row {
  id: string;
  seq: number | null;
  noop: boolean;
  bot_key: string;
}

const rowsOf = (botId: string): Promise<Row[]> =>
  system.sql(`SELECT o.* FROM operation o JOIN bot b ON b.key = o.bot_key WHERE b.bot_id = $1 ORDER BY seq`, [botId]);

/** Each version once, and the bot at the last of them. */
async function expectGapless(botId: string): Promise<void> {
  const versions = (await historyOf(system, botId)).map(({ version }) => version);
  expect(versions).toEqual(upTo(versions.length));
  expect((await laneOf(system, botId)).bot.version).toBe(versions.length);
}

describe('accept, many at once', () => {
  it('makes one container of ten creates: one is queued, the rest find nothing to do', async () => {
    const answers = await Promise.all(upTo(10).map(() => ask(system, 'wanted', 'container.create')));
    const rows = await rowsOf('wanted');
    expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(answers.map(({ operation }) => operation.id)));
    expect(rows.filter(({ seq }) => seq !== null)).toHaveLength(1);
    expect(rows.filter(({ noop }) => noop)).toHaveLength(9);
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([...Array<number>(9).fill(200), 202]);
    await expectGapless('wanted');
    expect(await reservedOn(system, 'node-1')).toMatchObject({ containers: 1 });
    expect(system.bells).toHaveLength(1);
  });

  it('gives a request that is sent twice at once under one key one answer, also where it can be done but once', async () => {
    for (const n of upTo(8)) {
      const botId = `twin-${n}`;
      await runningBot(system, botId);
      const { bot } = await laneOf(system, botId);
      const idempotency = { key: `twin-${n}`, fingerprint: 'same' };
      const twin = (): Promise<Accepted> =>
        ask(system, botId, 'container.restart', { idempotency, ifVersion: bot.version });
      const [first, second] = await Promise.all([twin(), twin()]);
      expect(second.operation.id).toBe(first.operation.id);
      expect([first.replayed, second.replayed].sort()).toEqual([false, true]);
    }
  });

  it('loses none of 200 mixed requests for five bots, and gives each a place of its own', async () => {
    const bots = upTo(5).map((n) => `busy-${n}`);
    for (const botId of bots) await runningBot(system, botId);
    const kinds: OperationKind[] = ['container.restart', 'container.stop', 'container.start', 'container.pause'];
    const settled = await Promise.all(
      upTo(200).map(async (n): Promise<{ botId: string; answer: Accepted | Refusal }> => {
        const botId = bots[n % bots.length] ?? '';
        const kind = kinds[n % kinds.length] ?? 'container.restart';
        const answer = await ask(system, botId, kind).catch((error: unknown) => {
          if (error instanceof Refusal && error.code === 'invalid_transition') return error;
          throw error;
        });
        return { botId, answer };
      }),
    );
    let queued = 0;
    for (const botId of bots) {
      const rows = await rowsOf(botId);
      const places = rows.flatMap(({ seq }) => (seq === null ? [] : [seq]));
      expect(places).toEqual(upTo(places.length));
      expect((await laneOf(system, botId)).bot.seq).toBe(places.length);
      await expectGapless(botId);

      const known = new Set(rows.map(({ id }) => id));
      const answered = settled.filter((each) => each.botId === botId && !(each.answer instanceof Refusal));
      for (const { answer } of answered) expect(known).toContain((answer as Accepted).operation.id);
      // The container's create, then every operation that some answer named, and no other.
      const named = new Set(answered.map(({ answer }) => (answer as Accepted).operation.id));
      expect(known.size).toBe(named.size + 1);
      queued += places.length - 1;
    }
    expect(queued).toBeGreaterThan(50);
  });

  it('answers each of 200 requests for one bot: its lane takes a hundred, and the rest are told so', async () => {
    await runningBot(system, 'crowded');
    const outcomes = await Promise.all(
      upTo(200).map((n) =>
        ask(system, 'crowded', 'container.restart', { params: { timeoutSeconds: n } }).then(
          () => 'accepted',
          (error: unknown) => {
            if (error instanceof Refusal) return error.code;
            throw error;
          },
        ),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(100);
    expect(outcomes.filter((outcome) => outcome === 'quota_exceeded')).toHaveLength(100);
    await expectGapless('crowded');
  });

  it('waits for no turn that has got stuck', async () => {
    await runningBot(system, 'stuck');
    const { bots } = system.stores;
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const commit = bots.commit.bind(bots);
    // The first loses its race, and then hangs in its turn; the second loses one race and is to get through.
    jest
      .spyOn(bots, 'commit')
      .mockImplementationOnce(() => Promise.resolve('lost_race'))
      .mockImplementationOnce((...args) => released.then(() => commit(...args)))
      .mockImplementationOnce(() => Promise.resolve('lost_race'));
    const hanging = ask(system, 'stuck', 'container.restart', { params: { timeoutSeconds: 1 } });
    await waitFor(() => jest.mocked(bots.commit).mock.calls.length === 2, { what: 'the first to hang' });
    const next = await ask(system, 'stuck', 'container.restart', { params: { timeoutSeconds: 2 } });
    expect(next.statusCode).toBe(202);
    release();
    expect((await hanging).statusCode).toBe(202);
    jest.restoreAllMocks();
    await expectGapless('stuck');
  });
});
