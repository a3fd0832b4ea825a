import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Lane } from '#domain';
import { createLogger } from '#platform';
import { Housekeeping } from '../housekeeping.js';
import { labelsOf } from '../handlers/capture.js';
import { Bench, NODE } from './bench.js';

const LEFTOVER_MS = 60_000;
const GONE = '01890a5d-ac96-774b-bcce-b302099a8057';
const MADE = '01890a5d-ac96-774b-bcce-b302099a8058';
const owner = { tenantId: '01890a5d-ac96-774b-bcce-b302099a8059', botId: 'alice' };
const signal = new AbortController().signal;

let bench: Bench;
let lane: Lane;
let busySince: number | null;
let keeping: Housekeeping;

beforeEach(async () => {
  jest.useFakeTimers();
  bench = new Bench();
  lane = { ...bench.lane, bot: { ...bench.lane.bot, ...owner } };
  bench.lane = lane;
  await bench.run('create', { start: true });
  lane = bench.lane;
  busySince = null;
  keeping = new Housekeeping({
    nodeId: NODE,
    runtime: bench.runtime,
    bots: { find: async () => lane },
    snapshots: {
      needed: async (ids) => ids.filter((id) => id === MADE),
      surplus: async () => [],
    },
    acceptance: { accept: () => Promise.reject(new Error('nothing is to be accepted')) },
    leftoverMs: LEFTOVER_MS,
    busySince: () => busySince,
    log: createLogger({ level: 'error', service: 'worker' }, { write: () => undefined }),
  });
});
afterEach(async () => {
  await keeping.stop();
  jest.useRealTimers();
});

const capture = (id: string): Promise<unknown> =>
  bench.runtime.commit(bench.containerId, `berth/snapshot:${id}`, {
    labels: labelsOf(id),
    signal,
  });
const images = async (): Promise<string[]> =>
  (await bench.runtime.listImages('berth.kind=snapshot', signal)).map(({ ref }) => ref);

describe('what a killed worker has left of snapshots', () => {
  test('goes once it is old enough, and not what is needed', async () => {
    await capture(GONE);
    await capture(MADE);
    bench.runtime.leaveHelper({}, 0);
    await keeping.sweepImages();
    expect([(await images()).length, bench.runtime.helpers.size]).toEqual([2, 1]);
    jest.setSystemTime(Date.now() + LEFTOVER_MS + 1);
    await keeping.sweepImages();
    expect([await images(), bench.runtime.helpers.size]).toEqual([[`berth/snapshot:${MADE}`], 0]);
  });

  test('is told from what an operation that takes long is making', async () => {
    await capture(GONE);
    bench.runtime.leaveHelper({}, 0);
    busySince = Date.now();
    jest.setSystemTime(Date.now() + LEFTOVER_MS * 10);
    await keeping.sweepImages();
    expect([(await images()).length, bench.runtime.helpers.size]).toEqual([1, 1]);
    busySince = Date.now();
    await keeping.sweepImages();
    expect([await images(), bench.runtime.helpers.size]).toEqual([[], 0]);
  });

  test('goes though something else of it is still in use', async () => {
    const [path] = lane.bot.paths;
    for (const name of ['a', 'z']) bench.runtime.volumes.set(name, { ...volume(), files: new Map() });
    // The record names neither: the one that the container has is in use.
    lane = { ...lane, bot: { ...lane.bot, paths: path ? [{ ...path, volume: 'other' }] : [] } };
    jest.setSystemTime(Date.now() + LEFTOVER_MS + 1);
    await keeping.sweepVolumes();
    expect([...bench.runtime.volumes.keys()]).toEqual([path?.volume]);
  });

  test('is looked for again and again', async () => {
    await capture(GONE);
    keeping.start();
    await jest.advanceTimersByTimeAsync(LEFTOVER_MS - 1);
    expect(await images()).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(LEFTOVER_MS + 1);
    expect(await images()).toEqual([]);
  });
});

const volume = (): { tenantId: string; botId: string; createdAt: string } => ({
  ...owner,
  createdAt: new Date().toISOString(),
});
