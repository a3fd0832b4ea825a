import { describe, expect, test } from '@jest/globals';
import { expire, type OperationParams } from '#domain';
import { RuntimeFailure } from '#runtime';
import { readdirSync } from 'node:fs';
import { acts, Bench } from './bench.js';
import { AccidentalRuntime, type Accident } from './killed-runtime.js';

const SNAPSHOT = { snapshotId: 's1', name: 'good', description: null, scope: 'all' } satisfies OperationParams;
const RESTORE = { snapshotId: 's1', safetySnapshotId: 'safe' } satisfies OperationParams;
const GOOD = { '/data/kept': 'data', '/opt/tool': 'tool' };
const BROKEN = { '/data/added': 'more', '/data/kept': 'spoilt', '/opt/added': 'more' };

const SUCCEEDED = expect.objectContaining({ outcome: 'succeeded' });

/** A running bot with files. */
async function started(runtime = new AccidentalRuntime({ images: ['debian:12'] })): Promise<Bench> {
  const bench = new Bench({ runtime });
  await bench.run('create', { start: true });
  for (const [path, text] of Object.entries(GOOD)) runtime.writeFile(bench.containerId, path, text);
  return bench;
}

/** And with a snapshot of them, after which they were spoilt. */
async function spoilt(): Promise<Bench> {
  const bench = await started();
  await bench.run('snapshot.create', SNAPSHOT);
  spoil(bench);
  return bench;
}

function spoil({ runtime, containerId }: Bench): void {
  runtime.removeFile(containerId, '/opt/tool');
  for (const [path, text] of Object.entries(BROKEN)) runtime.writeFile(containerId, path, text);
}

const filesOf = (bench: Bench): Record<string, string> => bench.runtime.filesOf(bench.containerId);
const stateOf = async (bench: Bench) => (await bench.runtime.inspect(bench.containerId))?.engineState;
const imagesOf = async ({ runtime }: Bench): Promise<string[]> =>
  (await runtime.listImages('berth.kind=snapshot', AbortSignal.timeout(1_000)))
    .map(({ ref }) => ref)
    .filter((ref) => ref.startsWith('berth/'))
    .sort();
const imagesFor = (...ids: string[]): string[] =>
  ids.flatMap((id) => [`berth/snapshot:${id}`, `berth/snapshot-data:${id}`]).sort();

/** One container, the bot's, and its volumes, and no image that no snapshot stands for. */
async function expectTidy(bench: Bench): Promise<void> {
  expect((await bench.runtime.list()).map(({ id }) => id)).toEqual([bench.containerId]);
  expect([...bench.runtime.volumes.keys()].sort()).toEqual(bench.lane.bot.paths.map(({ volume }) => volume).sort());
  const ready = [...bench.snapshots.values()].filter(({ status }) => status === 'ready').map(({ id }) => id);
  expect(await imagesOf(bench)).toEqual(imagesFor(...ready));
  expect(readdirSync(bench.frozen)).toEqual([]);
}

describe('a snapshot', () => {
  test('of a running container freezes it for as long as that takes, and is what it was', async () => {
    const bench = await started();
    const before = bench.containerId;
    expect(await bench.run('snapshot.create', SNAPSHOT)).toEqual({
      outcome: 'succeeded',
      result: { snapshotId: 's1' },
    });
    expect(acts(bench.runtime).slice(2)).toEqual(['pause', 'commit', 'archive', 'resume']);
    expect(bench.snapshots.get('s1')).toMatchObject({
      status: 'ready',
      parentId: null,
      layers: 2,
      dataSizeBytes: 4,
      volumes: [{ container: '/data', ref: 'berth/snapshot-data:s1', sizeBytes: 4 }],
      error: null,
    });
    expect(bench.snapshots.get('s1')?.freezeMs).toBeGreaterThan(0);
    expect(bench.lane.bot).toMatchObject({ state: 'running', containerId: before, currentSnapshotId: 's1' });
    expect(await stateOf(bench)).toBe('running');
    await expectTidy(bench);
  });

  test.each([
    ['stop', 'stopped', 'exited'],
    ['pause', 'paused', 'paused'],
  ])('after a %s leaves it as it was, and took no freeze', async (verb, state, engineState) => {
    const bench = await started();
    await bench.run(verb);
    expect(await bench.run('snapshot.create', SNAPSHOT)).toEqual(SUCCEEDED);
    expect(bench.snapshots.get('s1')?.freezeMs).toBe(0);
    expect(bench.lane.bot.state).toBe(state);
    expect(await stateOf(bench)).toBe(engineState);
  });

  test('of the container alone holds no data', async () => {
    const bench = await started();
    await bench.run('snapshot.create', { ...SNAPSHOT, scope: 'container' });
    expect(bench.snapshots.get('s1')).toMatchObject({ scope: 'container', volumes: [], dataSizeBytes: 0 });
    expect(await imagesOf(bench)).toEqual(['berth/snapshot:s1']);
  });

  test('on a full disk fails for good, and nothing of it stays', async () => {
    const bench = await started();
    const full = new RuntimeFailure('disk_full', 'The disk of the node is full.', { retryable: false });
    bench.runtime.faults.fail('archive', full);
    const outcome = await bench.run('snapshot.create', SNAPSHOT);
    expect(outcome).toMatchObject({ outcome: 'failed', error: { code: 'disk_full' } });
    expect(bench.snapshots.get('s1')).toMatchObject({ status: 'failed', error: { code: 'disk_full' } });
    expect(await stateOf(bench)).toBe('running');
    await expectTidy(bench);
  });
});

describe('a restore', () => {
  test('brings back files as they were, in the place of the old container, and can be undone', async () => {
    const bench = await spoilt();
    const [before, broken] = [bench.containerId, filesOf(bench)];
    expect(await bench.run('snapshot.restore', RESTORE)).toMatchObject({
      outcome: 'succeeded',
      result: { safetySnapshotId: 'safe' },
    });
    expect(filesOf(bench)).toEqual(GOOD);
    expect(bench.containerId).not.toBe(before);
    expect(bench.lane.bot).toMatchObject({
      state: 'running',
      incarnation: 2,
      image: { ref: 'debian:12' },
      currentSnapshotId: 's1',
    });
    expect(bench.snapshots.get('safe')).toMatchObject({ status: 'ready', origin: 'safety', parentId: 's1' });
    expect(bench.restored).toBe(1);
    await expectTidy(bench);

    await bench.run('snapshot.restore', { snapshotId: 'safe', safetySnapshotId: 'safe2' });
    expect(filesOf(bench)).toEqual(broken);
    await expectTidy(bench);
  });

  test('of the container alone keeps the data, and the volume that it is in', async () => {
    const bench = await spoilt();
    const { paths } = bench.lane.bot;
    await bench.run('snapshot.restore', { ...RESTORE, scope: 'container' });
    expect(filesOf(bench)).toEqual({ '/opt/tool': 'tool', '/data/added': 'more', '/data/kept': 'spoilt' });
    expect(bench.lane.bot.paths).toEqual(paths);
    await expectTidy(bench);
  });

  test.each(['safe', null])('of the data alone keeps the container (safety snapshot: %s)', async (safetySnapshotId) => {
    const bench = await spoilt();
    await bench.run('snapshot.restore', { ...RESTORE, safetySnapshotId, scope: 'data' });
    expect(filesOf(bench)).toEqual({ '/data/kept': 'data', '/opt/added': 'more' });
    await expectTidy(bench);
  });

  test.each([
    ['stop', 'stopped', 'created'],
    ['pause', 'running', 'running'],
  ])('after a %s leaves it %s', async (verb, state, engineState) => {
    const bench = await spoilt();
    await bench.run(verb);
    await bench.run('snapshot.restore', RESTORE);
    expect([bench.lane.bot.state, await stateOf(bench)]).toEqual([state, engineState]);
    expect(filesOf(bench)).toEqual(GOOD);
    await expectTidy(bench);
  });

  test('of files that the engine has lost says so, and the container goes on', async () => {
    const bench = await spoilt();
    const broken = filesOf(bench);
    await bench.runtime.removeImage('berth/snapshot:s1', AbortSignal.timeout(1_000));
    const outcome = await bench.run('snapshot.restore', RESTORE);
    expect(outcome).toMatchObject({ outcome: 'failed', error: { code: 'image_not_found' } });
    expect([await stateOf(bench), filesOf(bench)]).toEqual(['running', broken]);
  });
});

describe('the deletion of a snapshot', () => {
  test('removes its files, though not those that the container is made of', async () => {
    const bench = await spoilt();
    await bench.run('snapshot.restore', { ...RESTORE, safetySnapshotId: null });
    expect(await bench.run('snapshot.delete', { snapshotId: 's1' })).toEqual(SUCCEEDED);
    expect(await imagesOf(bench)).toEqual([]);
    expect(bench.snapshots.size).toBe(0);
    expect(bench.lane.bot.currentSnapshotId).toBeNull();
    expect(filesOf(bench)).toEqual(GOOD);
  });
});

describe('a fork', () => {
  test('is another bot with the same files, which is its own from then on', async () => {
    const bench = await spoilt();
    const [source] = bench.lane.bot.paths;
    const fork = new Bench({ runtime: bench.runtime });
    fork.lane = { ...fork.lane, bot: { ...fork.lane.bot, botId: 'bob' } };
    for (const [id, snapshot] of bench.snapshots) fork.snapshots.set(id, snapshot);
    await fork.run('create', { start: true, fromSnapshot: 's1' });
    expect(fork.lane.bot).toMatchObject({ state: 'running', currentSnapshotId: 's1', image: { ref: 'debian:12' } });
    expect(filesOf(fork)).toEqual(GOOD);
    expect(fork.lane.bot.paths[0]?.volume).not.toBe(source?.volume);
  });
});

describe.each<Accident>(['refuses', 'loses its answer', 'kills before', 'kills after'])(
  'where an engine call %s, a',
  (accident) => {
    const cases: [string, () => Promise<Bench>, string, OperationParams, Record<string, string>][] = [
      ['snapshot', started, 'snapshot.create', SNAPSHOT, GOOD],
      ['restore', spoilt, 'snapshot.restore', RESTORE, GOOD],
      [
        'restore of the container',
        spoilt,
        'snapshot.restore',
        { ...RESTORE, scope: 'container' },
        { '/opt/tool': 'tool', '/data/added': 'more', '/data/kept': 'spoilt' },
      ],
      ['deletion', spoilt, 'snapshot.delete', { snapshotId: 's1' }, BROKEN],
    ];

    test.each(cases)('%s ends well at last', async (_, prepare, verb, params, files) => {
      for (let n = 1; ; n += 1) {
        const bench = await prepare();
        const { happened, last } = await throughAccident(bench, { n, accident }, verb, params);
        if (!happened) return expect(n).toBeGreaterThan(3);
        const ended = (last.settled.at(-1) ?? bench.settled.at(-1))?.outcome;
        expect([n, ended]).toEqual([n, SUCCEEDED]);
        expect(last.lane.operations).toEqual([]);
        expect([n, await stateOf(last), filesOf(last)]).toEqual([n, 'running', files]);
        await new Promise((resolve) => setImmediate(resolve));
        await settleLeftovers(last);
        await expectTidy(last);
      }
    });

    test.each(cases.slice(0, 3))(
      '%s that is then cancelled leaves the container as it was',
      async (_, prepare, verb, params) => {
        for (let n = 1; ; n += 1) {
          const bench = await prepare();
          const [containerId, before] = [bench.containerId, filesOf(bench)];
          const { happened, last } = await throughAccident(bench, { n, accident }, verb, params, 'cancelled');
          if (!happened) return;
          expect(last.lane.operations).toEqual([]);
          await settleLeftovers(last);
          if (last.containerId === containerId) expect([n, filesOf(last)]).toEqual([n, before]);
          expect([n, await stateOf(last)]).toEqual([n, 'running']);
          await expectTidy(last);
        }
      },
    );
  },
);

/** Runs an operation whose nth engine call goes wrong; then it is tried again, by a new worker where the old one was killed. */
async function throughAccident(
  bench: Bench,
  { n, accident }: { n: number; accident: Accident },
  verb: string,
  params: OperationParams,
  then: 'again' | 'cancelled' = 'again',
): Promise<{ happened: boolean; last: Bench }> {
  const runtime = bench.runtime as AccidentalRuntime;
  const id = bench.accept(verb, params);
  const killed = runtime.arm(n, accident);
  const done = bench.runner.ring(id);
  await (accident.startsWith('kills') ? Promise.race([killed, done]) : done);
  const { happened } = runtime;
  runtime.disarm();
  if (!happened) return { happened, last: bench };
  const last = accident.startsWith('kills') ? new Bench({ after: bench }) : bench;
  await last.freezes.thawLeft();
  // None goes on beside what was to replace it.
  const running = (await last.runtime.list()).filter(({ engineState }) => engineState === 'running');
  expect([n, accident, running.length < 2]).toEqual([n, accident, true]);
  if (then === 'cancelled') {
    const operations = last.lane.operations.map((each) => ({ ...each, cancelRequested: 'requested' as const }));
    last.lane = { ...last.lane, operations };
    const ended = expire(last.lane);
    if (ended) last.apply(ended);
    return { happened, last };
  }
  for (let tries = 0; last.lane.operations.length > 0 && tries < 5; tries += 1) {
    last.lane = { ...last.lane, operations: last.lane.operations.map((each) => ({ ...each, due: true })) };
    await last.runner.ring(id);
  }
  return { happened, last };
}

/** What a listing and the housekeeping would do, once all is old enough. */
async function settleLeftovers(bench: Bench): Promise<void> {
  const { runtime, lane } = bench;
  const signal = AbortSignal.timeout(1_000);
  for (const { id } of await runtime.list()) if (id !== lane.bot.containerId) await runtime.remove(id, signal);
  for (const name of await runtime.listVolumes(lane.bot, signal)) {
    if (!lane.bot.paths.some(({ volume }) => volume === name)) await runtime.removeVolume(name, lane.bot, signal);
  }
  const kept = [...bench.snapshots.values()].filter(({ status }) => status === 'ready').map(({ id }) => id);
  const needed = new Set(imagesFor(...kept));
  for (const ref of await imagesOf(bench)) if (!needed.has(ref)) await runtime.removeImage(ref, signal);
  await bench.freezes.thawLeft();
}
