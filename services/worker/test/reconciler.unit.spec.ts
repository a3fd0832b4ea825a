import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { newBot, observe, type Bot, type Lane, type Observation } from '#domain';
import type { Protocol } from '#operations';
import type { BotStore } from '#persistence';
import { createLogger, createMetrics } from '#platform';
import type { FakeRuntime } from '#runtime';
import { Reconciler, REMOVAL_MS } from '../reconciler.js';
import { NODE } from './bench.js';
import { Handling } from './handling.js';

const metrics = createMetrics('reconciler-test');
let runtime: FakeRuntime;
let reconciler: Reconciler;
let lane: Lane;
/** What clients would have been told. */
let told: string[];

beforeEach(async () => {
  jest.useFakeTimers();
  const work = new Handling();
  await work.do('create', { start: true });
  runtime = work.runtime;
  lane = {
    bot: { ...newBot(work.bot, NODE, work.bot.createdAt), ...work.bot },
    operations: [],
    snapshots: [],
    hasSnapshots: false,
    now: work.bot.createdAt,
  };
  told = [];
  reconciler = new Reconciler({
    nodeId: NODE,
    runtime,
    // The parts of each that a reconciler uses.
    bots: { listOfNode: async () => [lane] } as unknown as BotStore,
    protocol: {
      observe: async (_key: string, inspect: (bot: Bot) => Promise<Observation | null>) => {
        const change = observe(lane, await inspect(lane.bot));
        if (!change) return null;
        lane = { ...lane, bot: change.bot };
        told.push(...change.events.map(({ status, previousStatus }) => `${previousStatus} -> ${status}`));
        return change;
      },
    } as unknown as Protocol,
    tasks: { pass: () => undefined },
    freezes: { thawLeft: async () => undefined },
    leftoverMs: 60_000,
    metrics,
    log: createLogger({ level: 'error', service: 'worker' }, { write: () => undefined }),
  });
});
afterEach(() => {
  jest.useRealTimers();
});

const id = (): string => lane.bot.containerId ?? '';
const died = { exitCode: 137, oomKilled: false };

describe('a removal by somebody else', () => {
  test('is told as such, though its end is heard of first', async () => {
    runtime.beginRemoval(id());
    const look = reconciler.look(lane.bot.key, died, 'event');
    await jest.advanceTimersByTimeAsync(REMOVAL_MS / 2);
    expect(told).toEqual([]);
    runtime.removeOutside(id());
    await jest.advanceTimersByTimeAsync(REMOVAL_MS / 2);
    await look;
    expect(told).toEqual(['running -> absent']);
  });

  test('that takes long does not hide that nothing runs any more, and how that came', async () => {
    runtime.beginRemoval(id());
    const look = reconciler.look(lane.bot.key, died, 'event');
    await jest.advanceTimersByTimeAsync(REMOVAL_MS);
    await look;
    expect(told).toEqual(['running -> stopped']);
    expect(lane.bot).toMatchObject({ exit: { code: 137, cause: 'killed' }, lastError: null });
    // The listing that comes by in the meantime has no news.
    await reconciler.lookAtAll();
    runtime.removeOutside(id());
    await reconciler.look(lane.bot.key, null, 'event');
    expect(told).toEqual(['running -> stopped', 'stopped -> absent']);
  });

  test('of what had failed leaves it failed until it is gone', async () => {
    runtime.crash(id(), 3, { restarts: 'later' });
    await reconciler.look(lane.bot.key, { exitCode: 3, oomKilled: false }, 'event');
    runtime.beginRemoval(id());
    await reconciler.lookAtAll();
    runtime.removeOutside(id());
    await reconciler.lookAtAll();
    expect(told).toEqual(['running -> failed', 'failed -> absent']);
  });

  test('is not waited for by a listing, which has others to look at', async () => {
    runtime.beginRemoval(id());
    await reconciler.lookAtAll();
    expect(told).toEqual(['running -> stopped']);
  });
});
