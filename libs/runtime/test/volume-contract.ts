import { describe, expect, test } from '@jest/globals';
import type { ByteProgress } from '../image-port.js';
import { failureOf } from './contract-helpers.js';
import { never, type ImageBed } from './image-bed.js';

/** The part of the contract that is about volumes. */
export function describeVolumeContract(bed: ImageBed): void {
  describe('archive and unarchive', () => {
    test('bring back what a volume held, and tell their progress', async () => {
      const id = await bed.started();
      await bed.writeFile(id, '/data/a', 'one');
      await bed.writeFile(id, '/data/b', 'two');
      await bed.writeFile(id, '/root/own', 'three');
      const seen: ByteProgress[] = [];
      const onProgress = (progress: ByteProgress) => seen.push(progress);
      const image = await bed.runtime.archive(id, '/data', bed.nameOf('data'), {
        labels: bed.labels,
        signal: never,
        onProgress,
      });
      expect(image).toMatchObject({ layers: 1 });
      expect(await bed.runtime.findImage(bed.nameOf('data'), never)).toEqual(image);
      expect(seen.at(-1)?.bytes).toBeGreaterThan(0);
      await bed.writeFile(id, '/data/a', 'changed');
      await bed.writeFile(id, '/data/added', 'since');

      const copy = await bed.created({ emptyVolumes: true });
      seen.length = 0;
      await bed.runtime.unarchive(bed.nameOf('data'), copy.id, '/data', { signal: never, onProgress });
      expect(seen.at(-1)).toEqual({ bytes: seen.at(-1)?.totalBytes, totalBytes: seen.at(-1)?.bytes });
      await bed.runtime.start(copy.id, never);
      expect(await bed.readFile(copy.id, '/data/a')).toBe('one');
      expect(await bed.readFile(copy.id, '/data/b')).toBe('two');
      expect(await bed.readFile(copy.id, '/data/added')).toBeNull();
      expect(await bed.readFile(copy.id, '/root/own')).toBeNull();
    });

    test('hold an empty volume', async () => {
      await bed.archive((await bed.created()).id, '/data', bed.nameOf('data'));
      const copy = await bed.created({ emptyVolumes: true });
      await bed.unarchive(bed.nameOf('data'), copy.id, '/data');
    });

    test('may be repeated', async () => {
      const id = await bed.started();
      await bed.writeFile(id, '/data/a', 'one');
      await bed.archive(id, '/data', bed.nameOf('data'));
      const copy = await bed.created({ emptyVolumes: true });
      await bed.unarchive(bed.nameOf('data'), copy.id, '/data');
      await bed.unarchive(bed.nameOf('data'), copy.id, '/data');
      await bed.runtime.start(copy.id, never);
      expect(await bed.readFile(copy.id, '/data/a')).toBe('one');
    });

    test('replace the image of that name', async () => {
      const { id } = await bed.created();
      const first = await bed.archive(id, '/data', bed.nameOf('data'));
      const second = await bed.archive(id, '/data', bed.nameOf('data'));
      expect(await bed.runtime.findImage(bed.nameOf('data'), never)).toEqual(second);
      expect(await bed.runtime.findImage(first.id, never)).toBeNull();
    });

    test('refuse what would not be the volume as it was', async () => {
      const used = await bed.started();
      await bed.writeFile(used, '/data/a', 'one');
      await bed.archive(used, '/data', bed.nameOf('data'));
      await bed.commit(used, bed.nameOf('a'));
      const fresh = await bed.created({ emptyVolumes: true });
      const filled = await bed.created();
      const calls = [
        () => bed.archive(used, '/root', bed.nameOf('x')),
        () => bed.unarchive(bed.nameOf('data'), used, '/data'),
        () => bed.unarchive(bed.nameOf('data'), fresh.id, '/root'),
        () => bed.unarchive(bed.nameOf('a'), fresh.id, '/data'),
        () => bed.unarchive(bed.nameOf('data'), filled.id, '/data'),
      ];
      for (const call of calls) {
        expect(await failureOf(call())).toMatchObject({ code: 'docker_error', retryable: false });
      }
      expect(await bed.runtime.findImage(bed.nameOf('x'), never)).toBeNull();
    });
  });

  describe('volumes that an image declares', () => {
    const parts = () => ({ image: bed.subject.imageWithVolume });

    test('are mounted, belong to the bot, and stay when the container goes', async () => {
      const spec = bed.specs.make({ network: 'none', ...parts() });
      const first = await bed.runtime.create(spec, never);
      expect(first.mounts.map(({ container }) => container).sort()).toEqual(['/data', '/scratch']);
      const names = first.mounts.map(({ name }) => name).sort();
      expect(await bed.runtime.listVolumes(spec.identity, never)).toEqual(names);
      await bed.runtime.start(first.id, never);
      expect(await bed.readFile(first.id, '/scratch/of-the-image')).toBe('image');
      await bed.writeFile(first.id, '/scratch/own', 'one');
      await bed.runtime.remove(first.id, never);

      const identity = { ...spec.identity, incarnation: 2 };
      const second = await bed.runtime.create({ ...spec, name: `${spec.name}-2`, identity }, never);
      expect(second.mounts.map(({ name }) => name).sort()).toEqual(names);
      await bed.runtime.start(second.id, never);
      expect(await bed.readFile(second.id, '/scratch/own')).toBe('one');
      await bed.runtime.remove(second.id, never);
    });

    test('are archived like any other, and begin empty where that is asked for', async () => {
      const first = await bed.started(parts());
      await bed.writeFile(first, '/scratch/own', 'one');
      await bed.archive(first, '/scratch', bed.nameOf('scratch'));
      const copy = await bed.created({ ...parts(), emptyVolumes: true });
      await bed.unarchive(bed.nameOf('scratch'), copy.id, '/scratch');
      await bed.runtime.start(copy.id, never);
      expect(await bed.readFile(copy.id, '/scratch/own')).toBe('one');
      expect(await bed.readFile(copy.id, '/scratch/of-the-image')).toBe('image');
      const bare = await bed.started({ ...parts(), emptyVolumes: true });
      expect(await bed.readFile(bare, '/scratch/of-the-image')).toBeNull();
    });
  });

  test('no volume of another bot is listed', async () => {
    const spec = bed.specs.make();
    await bed.runtime.create(spec, never);
    await bed.created();
    expect(await bed.runtime.listVolumes(spec.identity, never)).toEqual(spec.volumes.map(({ name }) => name));
    expect(await bed.runtime.listVolumes({ ...spec.identity, tenantId: 'somebody-else' }, never)).toEqual([]);
  });
}
