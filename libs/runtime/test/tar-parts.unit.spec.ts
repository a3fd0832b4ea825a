import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { extract } from 'tar-stream';
import { feed, through, type Stage } from '../stages.js';
import { packParts, partsBegin, unpackParts } from '../tar-parts.js';
import { TAR_END, tarHeader, tarOf } from '../tar.js';

const PART = 4 * 1024 * 1024;

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) {
    yield bytes.subarray(at, at + size);
    await Promise.resolve();
  }
}
const packed = (source: AsyncIterable<Buffer>): Promise<Buffer> => collect(packParts(), source, partsBegin());
const unpacked = (source: AsyncIterable<Buffer>): Promise<Buffer> => collect(unpackParts(), source);
function collect(stage: Stage, source: AsyncIterable<Buffer>, begin?: Buffer): Promise<Buffer> {
  const stream = through([stage]);
  if (begin) stream.push(begin);
  feed(Readable.from(source), stream);
  return buffer(stream);
}

describe('a stream cut into parts', () => {
  test.each([0, 1, 511, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 12_345])(
    'of %d bytes comes back',
    async (size) => {
      const bytes = randomBytes(size);
      const tar = await packed(pieces(bytes, 65_536));
      expect((await unpacked(pieces(tar, 32_768))).equals(bytes)).toBe(true);
      expect((await unpacked(pieces(tar, 1_000_003))).equals(bytes)).toBe(true);
    },
  );

  test('may arrive in pieces longer than a part', async () => {
    const bytes = randomBytes(3 * PART + 5);
    const tar = await packed(pieces(bytes, bytes.length));
    expect((await unpacked(pieces(tar, tar.length))).equals(bytes)).toBe(true);
  });

  test('is a tar of files that others read', async () => {
    const tar = extract();
    const files: [string, number][] = [];
    tar.on('entry', ({ name, size }, stream, next) => {
      files.push([name, size ?? 0]);
      stream.on('end', next);
      stream.resume();
    });
    const done = new Promise<void>((resolve) => tar.on('finish', () => resolve()));
    tar.end(await packed(pieces(Buffer.alloc(PART + 3), 65_536)));
    await done;
    expect(files).toEqual([
      ['parts/', 0],
      ['parts/00000000', PART],
      ['parts/00000001', 3],
    ]);
  });
});

describe('an archive that lacks something is noticed', () => {
  const full = (serial: number) => [tarHeader(`parts/0000000${serial}`, PART), Buffer.alloc(PART)];

  test.each([
    ['its first part', Buffer.concat([...full(1), TAR_END])],
    ['one in the middle', Buffer.concat([...full(0), ...full(2), TAR_END])],
    ['its last part', Buffer.concat([...full(0), TAR_END])],
    ['everything', TAR_END],
    ['what a part in the middle should hold', tarOf({ 'parts/00000000': 'short', 'parts/00000001': 'x' })],
    ['its end', Buffer.concat(full(0))],
  ])('%s', async (_what, tar) => {
    await expect(unpacked(pieces(tar, 65_536))).rejects.toThrow(/missing|cut off/);
  });
});
