import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import { pack, type Header } from 'tar-stream';
import { TAR_END, TarWalker, tarHeader, tarOf, tarPadding, type TarEntry } from '../tar.js';

type Walked = TarEntry & { text: string };

/** Gives the tar to a walker in pieces of this size. */
function walk(tar: Buffer, pieceBytes = tar.length): Walked[] {
  const entries: Walked[] = [];
  const walker = new TarWalker({
    entry: (entry) => entries.push({ ...entry, text: '' }),
    data: (piece) => {
      const last = entries.at(-1);
      if (last) last.text += piece.toString('latin1');
    },
  });
  for (let at = 0; at < tar.length; at += pieceBytes) walker.write(tar.subarray(at, at + pieceBytes));
  walker.end();
  return entries;
}

async function packed(entries: [Partial<Header> & { name: string }, string?][]): Promise<Buffer> {
  const tar = pack();
  for (const [header, text] of entries) tar.entry(header, text ?? '');
  tar.finalize();
  return buffer(tar);
}

const LONG = `${'long/'.repeat(30)}name`;

describe('TarWalker', () => {
  test.each([1, 7, 511, 512, 513, 100_000])(
    'tells every entry and its contents, in pieces of %d bytes',
    async (bytes) => {
      const tar = await packed([
        [{ name: 'data/', type: 'directory' }],
        [{ name: 'data/a', size: 5 }, 'hello'],
        [{ name: 'data/empty', size: 0 }],
        [{ name: 'data/block', size: 512 }, 'b'.repeat(512)],
        [{ name: 'data/link', type: 'symlink', linkname: 'a' }],
        [{ name: LONG, size: 3 }, 'far'],
        [{ name: 'data/hard', type: 'link', linkname: 'data/a' }],
      ]);
      const seen = walk(tar, bytes).map(({ name, isFile, isDirectory, text }) => [
        name.slice(0, 10),
        isFile ? 'file' : isDirectory ? 'directory' : 'other',
        text.length,
      ]);
      expect(seen).toEqual([
        ['data/', 'directory', 0],
        ['data/a', 'file', 5],
        ['data/empty', 'file', 0],
        ['data/block', 'file', 512],
        ['data/link', 'other', 0],
        ['long/long/', 'file', 3],
        ['data/hard', 'other', 0],
      ]);
    },
  );

  test('takes a size from an extended header, and only for the next entry', () => {
    const record = '12 size=600\n';
    const extended = tarHeader('ext', record.length);
    extended.write('x', 156, 'latin1');
    const tar = Buffer.concat([
      sealed(extended),
      Buffer.from(record),
      tarPadding(record.length),
      tarHeader('big', 0),
      Buffer.alloc(600, 'b'),
      tarPadding(600),
      tarHeader('small', 2),
      Buffer.from('hi'),
      tarPadding(2),
      TAR_END,
    ]);
    expect(walk(tar).map(({ name, sizeBytes, text }) => [name, sizeBytes, text.length])).toEqual([
      ['big', 600, 600],
      ['small', 2, 2],
    ]);
  });

  test('reads a binary size', () => {
    const header = tarHeader('huge', 0);
    header.fill(0, 124, 136);
    header[124] = 0x80;
    header.writeUIntBE(2 ** 33 + 5, 130, 6);
    const entries: TarEntry[] = [];
    new TarWalker({ entry: (entry) => entries.push(entry) }).write(sealed(header));
    expect(entries).toMatchObject([{ name: 'huge', sizeBytes: 2 ** 33 + 5 }]);
  });

  test.each([
    ['in a header', 100],
    ['in a body', 700],
    ['between two entries', 1024],
    ['before the end', -1024],
  ])('notices a tar that is cut off %s', async (_where, at) => {
    const tar = tarOf({ a: 'hello', b: 'world' });
    expect(() => walk(tar.subarray(0, at < 0 ? tar.length + at : at))).toThrow('cut off');
  });

  test('notices what is no tar, as where the engine appends its error', () => {
    const message = Buffer.from(JSON.stringify({ message: 'input/output error' }).padEnd(512));
    expect(() => walk(Buffer.concat([tarOf({ a: 'hello' }).subarray(0, 1024), message]))).toThrow('damaged');
    expect(() => walk(randomBytes(2048))).toThrow('damaged');
  });

  test('ends at the end, whatever follows', () => {
    expect(walk(Buffer.concat([tarOf({ a: '1' }), randomBytes(1000)])).map(({ name }) => name)).toEqual(['a']);
  });
});

test('tarOf makes what others read', async () => {
  expect(walk(tarOf({ 'config.json': '{}', empty: '' }))).toEqual([
    { name: 'config.json', isFile: true, isDirectory: false, sizeBytes: 2, text: '{}' },
    { name: 'empty', isFile: true, isDirectory: false, sizeBytes: 0, text: '' },
  ]);
});

/** With the checksum of what it holds now. */
function sealed(header: Buffer): Buffer {
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}
