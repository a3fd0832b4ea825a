import { describe, expect, test } from '@jest/globals';
import { failureOf } from './contract-helpers.js';
import { ImageBed, never, type ImageContractSubject } from './image-bed.js';
import { describeVolumeContract } from './volume-contract.js';

/** What every adapter must do with images of containers and volumes. Registers the suite with Jest. */
export function describeImageContract(adapter: string, open: () => Promise<ImageContractSubject>): void {
  describe(`SnapshotImages contract: ${adapter}`, () => {
    const bed = new ImageBed(open);
    describeVolumeContract(bed);

    describe('commit', () => {
      test('keeps the root filesystem and nothing of a volume', async () => {
        const id = await bed.started();
        await bed.writeFile(id, '/root/own', 'one');
        await bed.writeFile(id, '/data/mounted', 'two');
        await bed.runtime.pause(id, never);
        const image = await bed.commit(id, bed.nameOf('a'));
        expect(image).toMatchObject({ id: expect.stringMatching(/^sha256:[0-9a-f]{64}$/), layers: 2 });
        expect(image.sizeBytes).toBeGreaterThan(0);
        expect(await bed.runtime.inspect(id)).toMatchObject({ engineState: 'paused' });
        await bed.runtime.resume(id, never);
        await bed.writeFile(id, '/root/own', 'later');

        const copy = await bed.started({ image: bed.nameOf('a') });
        expect(await bed.runtime.inspect(copy)).toMatchObject({ image: { ref: bed.nameOf('a'), id: image.id } });
        expect(await bed.readFile(copy, '/root/own')).toBe('one');
        expect(await bed.readFile(copy, '/data/mounted')).toBeNull();
      });

      test('is found by name and by id, in a listing by its label, and is an image to start from', async () => {
        const image = await bed.commit((await bed.created()).id, bed.nameOf('a'));
        expect(await bed.runtime.findImage(bed.nameOf('a'), never)).toEqual(image);
        expect(await bed.runtime.findImage(image.id, never)).toEqual(image);
        expect(await bed.runtime.findImage(bed.nameOf('b'), never)).toBeNull();
        expect(await bed.runtime.ensureImage(bed.nameOf('a'), { signal: never })).toEqual({
          ref: bed.nameOf('a'),
          id: image.id,
        });
        const [listed, ...others] = await bed.runtime.listImages(bed.label, never);
        expect(listed).toMatchObject({ ref: bed.nameOf('a'), labels: bed.labels });
        expect(Date.now() - Date.parse(listed?.createdAt ?? '')).toBeLessThan(300_000);
        expect(others).toEqual([]);
      });

      test('replaces the image of that name', async () => {
        const id = await bed.started();
        const first = await bed.commit(id, bed.nameOf('a'));
        await bed.writeFile(id, '/root/own', 'new');
        const second = await bed.commit(id, bed.nameOf('a'));
        expect(second.id).not.toBe(first.id);
        expect(await bed.runtime.findImage(bed.nameOf('a'), never)).toEqual(second);
        expect(await bed.runtime.findImage(first.id, never)).toBeNull();
      });

      test('adds a layer where something changed', async () => {
        const first = await bed.started();
        await bed.writeFile(first, '/root/own', 'one');
        expect(await bed.commit(first, bed.nameOf('a'))).toMatchObject({ layers: 2 });
        const second = await bed.started({ image: bed.nameOf('a') });
        await bed.writeFile(second, '/root/own', 'two');
        expect(await bed.commit(second, bed.nameOf('b'))).toMatchObject({ layers: 3 });
      });
    });

    describe('flatten', () => {
      test('makes one layer of many, with the same files', async () => {
        const first = await bed.started({ image: bed.subject.imageWithVolume });
        await bed.writeFile(first, '/root/own', 'one');
        await bed.commit(first, bed.nameOf('deep'));
        const flat = await bed.runtime.flatten(bed.nameOf('deep'), bed.nameOf('flat'), {
          labels: bed.labels,
          signal: never,
        });
        expect(flat).toMatchObject({ layers: 1 });
        expect(await bed.runtime.findImage(bed.nameOf('flat'), never)).toEqual(flat);
        await bed.runtime.removeImage(bed.nameOf('deep'), never);
        const copy = await bed.started({ image: bed.nameOf('flat') });
        expect(await bed.readFile(copy, '/root/own')).toBe('one');
        expect((await bed.runtime.inspect(copy))?.mounts.map(({ container }) => container).sort()).toEqual([
          '/data',
          '/scratch',
        ]);
      });

      test('may take the name of its source', async () => {
        const deep = await bed.commit((await bed.created()).id, bed.nameOf('a'));
        const flat = await bed.runtime.flatten(bed.nameOf('a'), bed.nameOf('a'), { labels: bed.labels, signal: never });
        expect(await bed.runtime.findImage(bed.nameOf('a'), never)).toEqual(flat);
        expect(await bed.runtime.findImage(deep.id, never)).toBeNull();
      });
    });

    describe('removeImage', () => {
      test('removes, twice', async () => {
        const { id } = await bed.commit((await bed.created()).id, bed.nameOf('a'));
        await bed.runtime.removeImage(bed.nameOf('a'), never);
        await bed.runtime.removeImage(bed.nameOf('a'), never);
        expect(await bed.runtime.findImage(bed.nameOf('a'), never)).toBeNull();
        expect(await bed.runtime.findImage(id, never)).toBeNull();
      });

      test.each(['running', 'stopped'])('leaves a %s container what it was made of, until it goes', async (state) => {
        const first = await bed.started();
        await bed.writeFile(first, '/root/own', 'one');
        const { id } = await bed.commit(first, bed.nameOf('a'));
        const copy = await bed.created({ image: bed.nameOf('a') });
        if (state === 'running') await bed.runtime.start(copy.id, never);
        await bed.runtime.removeImage(bed.nameOf('a'), never);
        expect(await bed.runtime.findImage(bed.nameOf('a'), never)).toBeNull();
        expect(await bed.runtime.listImages(bed.label, never)).toEqual([]);
        await bed.runtime.start(copy.id, never);
        expect(await bed.readFile(copy.id, '/root/own')).toBe('one');
        await bed.writeFile(copy.id, '/root/own', 'two');
        expect(await bed.commit(copy.id, bed.nameOf('b'))).toMatchObject({ layers: 3 });
        await bed.runtime.removeImage(bed.nameOf('b'), never);
        expect(await bed.runtime.findImage(id, never)).not.toBeNull();
        await bed.runtime.remove(copy.id, never);
        expect(await bed.runtime.findImage(id, never)).toBeNull();
      });

      test('of the middle of a tree leaves both ends', async () => {
        const first = await bed.started();
        await bed.writeFile(first, '/root/own', 'one');
        await bed.commit(first, bed.nameOf('a'));
        const second = await bed.started({ image: bed.nameOf('a') });
        await bed.writeFile(second, '/root/own', 'two');
        await bed.commit(second, bed.nameOf('b'));
        const third = await bed.started({ image: bed.nameOf('b') });
        await bed.writeFile(third, '/root/own', 'three');
        await bed.commit(third, bed.nameOf('c'));
        for (const id of [first, second, third]) await bed.runtime.remove(id, never);
        await bed.runtime.removeImage(bed.nameOf('b'), never);
        for (const [name, text] of [
          ['a', 'one'],
          ['c', 'three'],
        ] as const) {
          expect(await bed.readFile(await bed.started({ image: bed.nameOf(name) }), '/root/own')).toBe(text);
        }
      });
    });

    test('what is not there fails for good', async () => {
      const { id } = await bed.created();
      const missing = 'berth-contract-nobody';
      for (const call of [
        () => bed.commit(missing, bed.nameOf('x')),
        () => bed.archive(missing, '/data', bed.nameOf('x')),
      ]) {
        expect(await failureOf(call())).toMatchObject({ code: 'container_not_found', retryable: false });
      }
      for (const call of [
        () => bed.unarchive(bed.nameOf('none'), id, '/data'),
        () => bed.runtime.flatten(bed.nameOf('none'), bed.nameOf('x'), { labels: bed.labels, signal: never }),
      ]) {
        expect(await failureOf(call())).toMatchObject({ code: 'image_not_found', retryable: false });
      }
    });

    test('a caller who has given up gets nothing', async () => {
      const { id } = await bed.created();
      await bed.archive(id, '/data', bed.nameOf('data'));
      const signal = AbortSignal.abort();
      const calls = [
        () => bed.runtime.commit(id, bed.nameOf('x'), { labels: bed.labels, signal }),
        () => bed.runtime.archive(id, '/data', bed.nameOf('x'), { labels: bed.labels, signal }),
        () => bed.runtime.unarchive(bed.nameOf('data'), id, '/data', { signal }),
        () => bed.runtime.flatten(bed.nameOf('data'), bed.nameOf('x'), { labels: bed.labels, signal }),
        () => bed.runtime.findImage(bed.nameOf('data'), signal),
        () => bed.runtime.removeImage(bed.nameOf('data'), signal),
        () => bed.runtime.listImages(bed.label, signal),
        () => bed.runtime.listVolumes({ tenantId: 't', botId: 'b' }, signal),
        () => bed.runtime.sweepHelpers(3_600_000, signal),
      ];
      for (const call of calls) expect(await failureOf(call())).toMatchObject({ code: 'aborted' });
      expect((await bed.runtime.listImages(bed.label, never)).map(({ ref }) => ref)).toEqual([bed.nameOf('data')]);
    });
  });
}
