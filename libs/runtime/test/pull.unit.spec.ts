import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseReference } from '../images.js';
import { readJsonLines } from '../json-lines.js';
import { PullTracker, type PullLine } from '../pull-progress.js';

describe('parseReference', () => {
  test.each([
    ['debian', 'debian', 'latest'],
    ['debian:12', 'debian', '12'],
    ['localhost:5000/a/b', 'localhost:5000/a/b', 'latest'],
    ['localhost:5000/a/b:1', 'localhost:5000/a/b', '1'],
    ['a/b@sha256:00ff', 'a/b', 'sha256:00ff'],
    ['a/b:1@sha256:00ff', 'a/b:1', 'sha256:00ff'],
  ])('splits %s', (ref, fromImage, tag) => {
    expect(parseReference(ref)).toEqual({ fromImage, tag });
  });
});

describe('PullTracker', () => {
  const line = (id: string, status: string, current?: number, total?: number): PullLine => ({
    id,
    status,
    progressDetail: { current, total },
  });

  test('sums layers to a percentage', () => {
    const tracker = new PullTracker();
    expect(tracker.update({ status: 'Pulling from a/b', id: 'latest' })).toBeNull();
    expect(tracker.update(line('a', 'Pulling fs layer'))).toMatchObject({ percent: null });
    expect(tracker.update(line('b', 'Pulling fs layer'))).toMatchObject({ percent: null });
    expect(tracker.update(line('a', 'Downloading', 50, 100))).toMatchObject({ percent: 12 });
    expect(tracker.update(line('b', 'Downloading', 300, 300))).toMatchObject({ percent: 43 });
    expect(tracker.update(line('a', 'Download complete'))).toMatchObject({ percent: 50 });
    expect(tracker.update(line('b', 'Extracting', 300, 300))).toMatchObject({ percent: 87 });
    expect(tracker.update(line('b', 'Pull complete'))).toBeNull();
    expect(tracker.update(line('a', 'Pull complete'))).toMatchObject({ percent: 99 });
  });

  test('says nothing of layers that are there already', () => {
    expect(new PullTracker().update(line('a', 'Already exists'))).toBeNull();
  });

  test('never goes back and never says 100', () => {
    const update = fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd'),
      status: fc.constantFrom('Pulling fs layer', 'Downloading', 'Download complete', 'Extracting', 'Pull complete'),
      progressDetail: fc.record({ current: fc.nat(1000), total: fc.integer({ min: 1, max: 1000 }) }),
    });
    fc.assert(
      fc.property(fc.array(update), (lines) => {
        const tracker = new PullTracker();
        let last = 0;
        for (const each of lines) {
          const percent = tracker.update(each)?.percent ?? last;
          expect(percent).toBeGreaterThanOrEqual(last);
          expect(percent).toBeLessThan(100);
          last = percent;
        }
      }),
    );
  });
});

describe('readJsonLines', () => {
  const read = async (chunks: Buffer[]) => {
    const values: unknown[] = [];
    for await (const value of readJsonLines(Readable.from(chunks))) values.push(value);
    return values;
  };

  test('joins lines and characters that were cut apart', async () => {
    const bytes = Buffer.from('{"a":"ü"}\r\n\nnot json\n{"b":2}');
    expect(await read([...bytes].map((byte) => Buffer.from([byte])))).toEqual([{ a: 'ü' }, { b: 2 }]);
  });

  test('refuses an endless line', async () => {
    await expect(read([Buffer.alloc(2 * 1024 * 1024, 'x')])).rejects.toThrow('too long');
  });
});
