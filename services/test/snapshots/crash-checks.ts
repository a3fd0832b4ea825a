import type { OperationView } from '#contracts';
import { waitFor } from '#testing';
import { expect } from '@jest/globals';
import type { TestBed } from '../faults/bed.js';
import { expectTruth, type Settled } from '../faults/truth.js';
import { snapshotIds } from '../support/system.js';
import { isRecorded } from './crash-points.js';
import { ended, expectSameProcesses, filesOf, succeeded, type Files, type Victim } from './crash-victim.js';

/** What is left over goes when the next worker looks, or a moment later. */
const LEFTOVERS_MS = 60_000;

/** Fails unless the operation has ended well by itself and its container is, and holds, what it should. */
export async function expectMended(bed: TestBed, victim: Victim, operation: OperationView): Promise<void> {
  const { scenario, bot, containerId, before, good, goodId } = victim;
  const { verb, from = 'running' } = scenario;
  const { attempt, result } = await succeeded(bot, operation);
  if (isRecorded(scenario)) expect(attempt).toBe(1);
  await alone(victim);

  if (verb !== 'restore') {
    await expectTruth(bed, bot.id, from, 60_000);
    await expectSameProcesses(bed, victim);
    await expectFiles(bed, victim, before);
    if (verb === 'forget') {
      expect((await bot.http.get(`/v1/bots/${bot.id}/snapshots/${goodId}`)).status).toBe(404);
    } else {
      const made = await bot.snapshotOf(await victim.made);
      expect(made).toMatchObject({ status: 'ready', current: true, error: null });
      expect(made.freezeMs > 0).toBe(from === 'running');
    }
    return;
  }
  await expectTruth(bed, bot.id, from === 'stopped' ? 'stopped' : 'running', 60_000);
  expect((await bot.inspect()).Id).not.toBe(containerId);
  const scope = scenario.body?.scope;
  await expectFiles(bed, victim, {
    data: scope === 'container' ? before.data : good.data,
    root: scope === 'data' ? before.root : good.root,
  });
  expect(await bot.snapshotOf(goodId)).toMatchObject({ status: 'ready', current: true });
  const safetyId = await victim.made;
  expect(result).toMatchObject({ snapshotId: goodId, safetySnapshotId: safetyId || null });
  if (safetyId) expect(await bot.snapshotOf(safetyId)).toMatchObject({ status: 'ready', origin: 'safety' });
}

/** Fails unless the operation was cancelled and its container is what it was before. */
export async function expectUntouched(bed: TestBed, victim: Victim, operation: OperationView): Promise<void> {
  const { scenario, bot, before, goodId } = victim;
  expect(await ended(bot, operation)).toMatchObject({ status: 'cancelled' });
  await alone(victim);
  // The next worker ends it first and then lets its container go on.
  const isPaused = async (): Promise<boolean> => (await bot.inspect()).State.Paused;
  const wanted = scenario.from === 'paused';
  await waitFor(async () => (await isPaused()) === wanted, { what: `${bot.id} to go on`, deadlineMs: 60_000 });
  await expectTruth(bed, bot.id, scenario.from ?? 'running', 60_000);
  await expectSameProcesses(bed, victim);
  await expectFiles(bed, victim, before);
  const made = await victim.made;
  const failed = { status: 'failed', error: { code: 'cancelled' } };
  if (scenario.verb === 'take') expect(await bot.snapshotOf(made)).toMatchObject(failed);
  // Some of it may be gone.
  if (scenario.verb === 'forget') expect(await bot.snapshotOf(goodId)).toMatchObject(failed);
  if (scenario.verb === 'restore') {
    expect((await bot.snapshots()).map(({ id, status }) => [id, status])).toEqual([[goodId, 'ready']]);
  }
}

/** Fails where the old container went on while the one that was to replace it ran. */
export function expectOneAtATime(bed: TestBed, { bot, containerId }: Victim): void {
  const deeds = bed.engine
    .deeds(bot.id)
    .map(({ action, containerId: id }) => `${action} ${id === containerId ? 'old' : 'new'}`);
  const since = deeds.slice(deeds.indexOf('start new')).filter((deed) => !deed.startsWith('exec'));
  const [gone, resumed] = [since.indexOf('destroy new'), since.indexOf('unpause old')];
  expect({ since, inOrder: gone >= 0 && gone < resumed }).toEqual({ since, inOrder: true });
}

/** Waits until nothing is left that no snapshot and no container stands for. */
export async function expectTidy(bed: TestBed, victims: Victim[]): Promise<void> {
  const ids = new Set(await snapshotIds(bed.database.url));
  const ready = (await Promise.all(victims.map(({ bot }) => bot.snapshots())))
    .flat()
    .filter(({ status }) => status === 'ready');
  const wanted = ready.flatMap(({ id, scope }) =>
    scope === 'all' ? [`berth/snapshot:${id}`, `berth/snapshot-data:${id}`] : [`berth/snapshot:${id}`],
  );
  const leftovers = async (): Promise<true> => {
    const images = await ownImages(bed, ids);
    expect(images.filter((name) => !name.startsWith('berth/kept:')).sort()).toEqual(wanted.sort());
    expect(await ownHelpers(bed, victims, ids)).toEqual([]);
    return true;
  };
  await waitFor(leftovers, { what: 'leftovers of snapshots to go', deadlineMs: LEFTOVERS_MS, everyMs: 250 });
}

/** Until it has one container, and of volumes those that its paths name. */
async function alone({ bot }: Victim): Promise<void> {
  await waitFor(
    async () => {
      const named = (await bot.get()).paths.map(({ volume }) => volume);
      const [containers, volumes] = [await bot.containers(), await bot.volumes()];
      expect({ containers: containers.length, volumes: volumes.sort() }).toEqual({
        containers: 1,
        volumes: named.sort(),
      });
      return true;
    },
    { what: `one container and the volumes of ${bot.id}`, deadlineMs: LEFTOVERS_MS, everyMs: 100 },
  );
}

async function expectFiles(bed: TestBed, { bot, scenario }: Victim, files: Files): Promise<void> {
  const { status } = await bot.get();
  const wake = ({ stopped: 'start', paused: 'resume' } as Partial<Record<Settled, 'start' | 'resume'>>)[
    status as Settled
  ];
  if (wake) await succeeded(bot, await bot.send(wake));
  expect([scenario.name, await filesOf(bed, bot)]).toEqual([scenario.name, files]);
}

/** By name, or by id where they have none. */
async function ownImages(bed: TestBed, ids: Set<string>): Promise<string[]> {
  const images = await bed.docker.listImages({ filters: { label: ['berth.snapshot'] } });
  return images
    .filter(({ Labels }) => ids.has(Labels['berth.snapshot'] ?? ''))
    .flatMap(({ Id, RepoTags }) => {
      const names = (RepoTags ?? []).filter((name) => name !== '<none>:<none>');
      return names.length > 0 ? names : [Id];
    });
}

async function ownHelpers(bed: TestBed, victims: Victim[], ids: Set<string>): Promise<string[]> {
  const helpers = await bed.docker.listContainers({ all: true, filters: { label: ['berth.helper'] } });
  const isOwn = ({ Labels, Mounts }: (typeof helpers)[number]): boolean =>
    ids.has(Labels['berth.snapshot'] ?? '') ||
    Mounts.some(({ Name }) => victims.some(({ volume }) => Name?.startsWith(volume)));
  return helpers.filter(isOwn).map(({ Names }) => Names[0] ?? '');
}
