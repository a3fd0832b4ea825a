import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import tar, { type Header } from 'tar-stream';
import { ArchiveGuard, MAX_ENTRIES } from '../workspace/files-guard.js';
import { writeHeader, type TarEntry } from '../workspace/files-tar.js';

type Entry = [header: Partial<Header> & { name: string }, body?: string];

async function pack(...entries: Entry[]): Promise<Buffer> {
  const packing = tar.pack();
  for (const [header, body] of entries) packing.entry(header, body ?? '');
  packing.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of packing) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** Everything that is handed on of an archive that comes in pieces of a size. */
function guarded(archive: Buffer, pieceBytes = 65_536, guard = new ArchiveGuard('proof', Infinity)): Buffer {
  const handed: Buffer[] = [];
  const hand = (bytes: Buffer): void => void handed.push(Buffer.from(bytes));
  for (let at = 0; at < archive.length; at += pieceBytes) guard.take(archive.subarray(at, at + pieceBytes), hand);
  guard.end(hand);
  return Buffer.concat(handed);
}

async function unpack(archive: Buffer): Promise<[Header, string][]> {
  const extract = tar.extract();
  extract.end(archive);
  const found: [Header, string][] = [];
  for await (const entry of extract) {
    let text = '';
    for await (const chunk of entry) text += String(chunk);
    found.push([entry.header, text]);
  }
  return found;
}

const header = (given: Partial<TarEntry>): Buffer =>
  writeHeader({ name: 'x', type: '0', link: '', sizeBytes: 0, mode: 0o644, uid: 0, gid: 0, mtime: 0, ...given });
const END = Buffer.alloc(1024);

describe('an archive', () => {
  test('comes out as it went in, with its proof last, however it is cut', async () => {
    const deep = `${'deep/'.repeat(60)}file`;
    const archive = await pack(
      [{ name: './', type: 'directory', mode: 0o750 }],
      [{ name: 'd', type: 'directory', mode: 0o1777, uid: 7, gid: 8 }],
      [{ name: `d/${'n'.repeat(200)}`, mode: 0o4755, uid: 70_000, gid: 8, mtime: new Date(981_173_106_000) }, 'long'],
      [{ name: 'd/l', type: 'symlink', linkname: `../d/${'n'.repeat(200)}` }],
      [{ name: 'h', type: 'link', linkname: `d/${'n'.repeat(200)}` }],
      [{ name: deep }, 'x'.repeat(1000)],
      [{ name: './ü☃\n' }, 'u'],
      [{ name: 'empty' }],
    );
    for (const size of [1, 7, 511, 512, 513, 10_240, archive.length]) {
      const guard = new ArchiveGuard('proof', Infinity);
      const whole = guarded(archive, size, guard);
      expect(whole.length % 10_240).toBe(0);
      expect(guard).toMatchObject({ entries: 8, bytes: 1005 });
      const shown = (await unpack(whole)).map(([{ name, type, mode, uid, linkname }, text]) => [
        name,
        type,
        mode,
        uid,
        linkname,
        text.length,
      ]);
      expect(shown).toEqual([
        ['./', 'directory', 0o750, 0, null, 0],
        ['d/', 'directory', 0o1777, 7, null, 0],
        [`d/${'n'.repeat(200)}`, 'file', 0o4755, 70_000, null, 4],
        ['d/l', 'symlink', 0o644, 0, `../d/${'n'.repeat(200)}`, 0],
        ['h', 'link', 0o644, 0, `d/${'n'.repeat(200)}`, 0],
        [deep, 'file', 0o644, 0, null, 1000],
        ['ü☃\n', 'file', 0o644, 0, null, 1],
        ['empty', 'file', 0o644, 0, null, 0],
        ['proof', 'file', 0o600, 0, null, 0],
      ]);
    }
  });

  test('keeps its links as they are, wherever they lead', async () => {
    const targets = ['/usr/bin/python3', '../../x', 'p/../x', '.', 'nowhere'];
    const entries = targets.map((linkname, i): Entry => [{ name: `a/${i}`, type: 'symlink', linkname }]);
    const pax: Entry = [{ name: 'l', type: 'symlink', linkname: 'short', pax: { linkpath: '../long' } }];
    const found = await unpack(guarded(await pack(...entries, pax)));
    expect(found.map(([{ linkname }]) => linkname)).toEqual([...targets, '../long', null]);
  });

  test('of nothing is its proof', async () => {
    expect((await unpack(guarded(END))).map(([{ name }]) => name)).toEqual(['proof']);
  });

  test('larger than octal numbers can tell keeps its size', () => {
    const handed: Buffer[] = [];
    const guard = new ArchiveGuard('proof', Infinity);
    guard.take(header({ sizeBytes: 9_000_000_000_000 }), (bytes) => handed.push(bytes));
    expect(guard.bytes).toBe(9_000_000_000_000);
    expect(Buffer.concat(handed).readUIntBE(130, 6)).toBe(9_000_000_000_000);
  });
});

describe('an archive is refused', () => {
  const link = (name: string, linkname: string): Entry => [{ name, type: 'symlink', linkname }];
  const cases: [why: string, entries: Entry[]][] = [
    ['a name that leads up', [[{ name: '../x' }, 'x']]],
    ['a name that leads up within', [[{ name: 'a/../../x' }, 'x']]],
    ['an absolute name', [[{ name: '/etc/x' }, 'x']]],
    ['a name that leads up in a pax header', [[{ name: 'ok', pax: { path: '../x' } }, 'x']]],
    ['a sparse file', [[{ name: 'ok', pax: { 'GNU.sparse.name': '../x' } }, 'x']]],
    ['a name that is too long', [[{ name: `${'x/'.repeat(2100)}y` }, 'x']]],
    ['a character device', [[{ name: 'd', type: 'character-device', devmajor: 1, devminor: 3 }]]],
    ['a block device', [[{ name: 'd', type: 'block-device' }]]],
    ['a pipe', [[{ name: 'd', type: 'fifo' }]]],
    ['a link to nothing', [link('l', '')]],
    ['a link whose target is too long', [link('l', 'x/'.repeat(2100))]],
    ['a file through a link', [link('l', '.'), [{ name: 'l/x' }, 'x']]],
    ['a file through a link that leads out', [link('l', '/etc'), [{ name: 'l/x' }, 'x']]],
    ['a file through a link, otherwise written', [link('./a/l', '.'), [{ name: 'a//./l/x' }, 'x']]],
    ['a file instead of a link', [link('l', 'd'), [{ name: 'l' }, 'x']]],
    ['a directory instead of a link', [link('l', 'd'), [{ name: 'l', type: 'directory' }]]],
    ['a link through a link', [link('l', 'd'), link('l/m', 'x')]],
    ['a hard link out', [[{ name: 'h', type: 'link', linkname: '../etc/passwd' }]]],
    ['an absolute hard link', [[{ name: 'h', type: 'link', linkname: '/etc/passwd' }]]],
    ['a hard link to a link', [link('l', 'd'), [{ name: 'h', type: 'link', linkname: 'l' }]]],
  ];
  test.each(cases)('for %s, which is not handed on', async (_why, entries) => {
    const archive = await pack([{ name: 'first' }, 'x'.repeat(600)], ...entries);
    for (const size of [100, archive.length]) {
      const handed: Buffer[] = [];
      const guard = new ArchiveGuard('proof', Infinity);
      expect(() => {
        for (let at = 0; at < archive.length; at += size) {
          guard.take(archive.subarray(at, at + size), (bytes) => handed.push(bytes));
        }
      }).toThrow(expect.objectContaining({ code: 'validation_failed' }));
      // Of what is refused, no header; of what stands before it, everything.
      const names = (await unpack(Buffer.concat([...handed, END]))).map(([{ name }]) => name);
      expect(names).toEqual(['first', ...entries.slice(0, -1).map(([{ name }]) => name.replace('./', ''))]);
    }
  });

  test('for a header for all entries that names or measures them', () => {
    const record = '17 path=../../x\n';
    const globals = [header({ type: 'g', sizeBytes: record.length }), Buffer.from(record.padEnd(512, '\0'))];
    expect(() => guarded(Buffer.concat([...globals, header({}), END]))).toThrow(
      expect.objectContaining({ code: 'validation_failed' }),
    );
  });

  test('where it is none, or is cut off', async () => {
    const archive = await pack([{ name: 'first' }, 'x'.repeat(600)]);
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from('nonsense'),
      Buffer.alloc(2000, 'nonsense'),
      archive.subarray(0, 100),
      archive.subarray(0, 512),
      archive.subarray(0, 1000),
      archive.subarray(0, 1536),
    ]) {
      expect(() => guarded(bytes)).toThrow(expect.objectContaining({ code: 'validation_failed' }));
    }
  });

  test('for more entries, or more bytes, than may be', async () => {
    const guard = new ArchiveGuard('proof', Infinity);
    const thousand = Buffer.concat(Array.from({ length: 1000 }, () => header({})));
    for (let i = 0; i < MAX_ENTRIES / 1000; i += 1) guard.take(thousand, () => undefined);
    expect(() => guard.take(header({}), () => undefined)).toThrow(/more than 1000000 entries/);
    const archive = await pack([{ name: 'a' }, 'x'.repeat(60)], [{ name: 'b' }, 'x'.repeat(60)]);
    expect(() => guarded(archive, 512, new ArchiveGuard('proof', 100))).toThrow(/more than 100 bytes/);
    expect(guarded(archive, 512, new ArchiveGuard('proof', 120)).length).toBeGreaterThan(0);
  });

  test('and never with another error, whatever its bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 512, maxLength: 2048 }),
        fc.constantFrom('0', '5', 'x', 'L', '1'),
        (bytes, type) => {
          const archive = Buffer.concat([header({ type, sizeBytes: 100, link: 'y' }), Buffer.from(bytes)]);
          try {
            guarded(archive);
          } catch (error) {
            expect(error).toMatchObject({ code: 'validation_failed' });
          }
        },
      ),
    );
  });
});
