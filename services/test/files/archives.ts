import { beforeAll, expect, test } from '@jest/globals';
import tar, { type Header } from 'tar-stream';
import { expectProblem } from '../support/exact.js';
import type { System } from '../support/system.js';
import { BotFiles, problemIn } from './bot-files.js';
import { ODD_NAMES } from './content.js';

type Entry = [header: Partial<Header> & { name: string }, body?: string];

async function pack(...entries: Entry[]): Promise<Buffer> {
  const packing = tar.pack();
  for (const [header, body] of entries) packing.entry(header, body ?? '');
  packing.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of packing) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** Archives in and out. */
export function archives(system: () => System): void {
  let files: BotFiles;
  let archive: Buffer;
  beforeAll(async () => {
    files = new BotFiles(system, system().bot('archives'));
    await files.bot.run('create', { start: true });
    for (const name of ODD_NAMES) await files.put(`/data/odd/${name}`, name);
    await files.inside.output(
      'cd /data/odd; mkdir sub; echo s > sub/file; chown 7:8 sub/file; chmod 4750 sub/file; ln -s ../odd/sub/file sub/link; ln sub/file hard',
    );
    const { status, headers, bytes } = await files.get('/data/odd', {}, '/archive');
    expect([status, headers.get('content-type')]).toEqual([200, 'application/x-tar']);
    archive = bytes;
  });

  test('what was packed is unpacked as it was', async () => {
    const answer = await files.putArchive('/data/un/packed', archive);
    expect(answer).toMatchObject({ status: 201, body: { path: '/data/un/packed', entries: ODD_NAMES.length + 5 } });
    const sums = 'find . -type f | sort | while IFS= read -r f; do cat "$f" 2>/dev/null | sha256sum; done';
    const [before, after] = [`cd /data/odd; ${sums}`, `cd /data/un/packed/odd; ${sums}`];
    expect(await files.inside.output(after)).toBe(await files.inside.output(before));
    expect((await files.entries('/data/un/packed/odd')).map(({ name }) => name).sort()).toEqual(
      [...ODD_NAMES, 'sub', 'hard'].sort(),
    );
    expect(await files.inside.output('cd /data/un/packed/odd; stat -c "%a %u:%g %h" sub/file; readlink sub/link')).toBe(
      '4750 7:8 2\n../odd/sub/file\n',
    );
  });

  test('links that lead out are unpacked as they were, and again over themselves', async () => {
    await files.inside.output(
      'mkdir -p /data/venv/bin /data/venv/lib; cd /data/venv; echo x > lib/x; ln -s lib lib64; ln -s /bin/sh bin/python; ln -s ../../../etc up; ln -s nowhere gone',
    );
    const { bytes } = await files.get('/data/venv', {}, '/archive');
    for (const status of [201, 200]) {
      expect((await files.putArchive('/data/again', bytes)).status).toBe(status);
      expect(
        await files.inside.output(
          'cd /data/again/venv; for l in lib64 bin/python up gone; do readlink $l; done; cat lib64/x',
        ),
      ).toBe('lib\n/bin/sh\n../../../etc\nnowhere\nx\n');
    }
  });

  test('a file alone', async () => {
    const { bytes } = await files.get('/data/odd/-rf', {}, '/archive');
    expect(await files.putArchive('/data/alone', bytes)).toMatchObject({ status: 201, body: { entries: 1, size: 3 } });
    expect(await files.text('/data/alone/-rf')).toBe('-rf');
  });

  test('into a directory that is there: files are replaced, the rest stays', async () => {
    await files.inside.output('cd /data/un/packed; echo keep > keep; echo keep > odd/keep; echo old > odd/-');
    expect((await files.putArchive('/data/un/packed', archive)).status).toBe(200);
    expect(await files.inside.output('cd /data/un/packed; cat keep odd/keep ./odd/-')).toBe('keep\nkeep\n-');
  });

  test('is whole or absent where something stands in its way', async () => {
    await files.inside.output(
      'mkdir /data/way /data/way2; cd /data/way; ln -s /etc odd; cd ../way2; : > odd; mkdir -p ../way3/odd/-rf',
    );
    for (const path of ['/data/way', '/data/way2', '/data/way3', '/data/odd/-rf', '/data/odd/-rf/x']) {
      expectProblem(await files.putArchive(path, archive), 409, 'file_conflict');
    }
    expect(await files.inside.output('ls -A /data/way3/odd; readlink /data/way/odd')).toBe('-rf\n/etc\n');
  });

  const hostile: [why: string, entries: Entry[]][] = [
    ['a name that leads up', [[{ name: '../x' }, 'x']]],
    ['an absolute name', [[{ name: '/etc/x' }, 'x']]],
    ['a device', [[{ name: 'd', type: 'character-device', devmajor: 1, devminor: 3 }]]],
    [
      'a file through a link that points out',
      [[{ name: 'l', type: 'symlink', linkname: '/etc' }], [{ name: 'l/x' }, 'x']],
    ],
    ['a hard link that points out', [[{ name: 'h', type: 'link', linkname: '/etc/passwd' }]]],
    ['a hard link to nothing', [[{ name: 'h', type: 'link', linkname: 'nothing' }]]],
    ['a file through a link', [[{ name: 'l', type: 'symlink', linkname: '.' }], [{ name: 'l/x' }, 'x']]],
  ];
  test.each(hostile)('%s is refused, and nothing of its archive appears', async (_why, entries) => {
    const evil = await pack([{ name: 'first' }, 'x'.repeat(100_000)], ...entries);
    expectProblem(await files.putArchive('/data/evil', evil), 400, 'validation_failed');
    expectProblem(await files.putArchive('/data/un', evil), 400, 'validation_failed');
    expectProblem(await files.list('/data/evil'), 404, 'file_not_found');
    expect(await files.inside.output('ls -A /data/un')).toBe('packed\n');
  });

  test('what is none, or is cut off, is refused', async () => {
    for (const bytes of [Buffer.from('nonsense'), Buffer.alloc(5000, 'nonsense'), archive.subarray(0, 5000)]) {
      expectProblem(await files.putArchive('/data/evil', bytes), 400, 'validation_failed');
    }
    for (const path of ['/', '/proc/x', '/data/../x']) {
      expectProblem(await files.putArchive(path, archive), 400, 'validation_failed');
    }
    expectProblem(await files.list('/data/evil'), 404, 'file_not_found');
  });

  test('of what is not there, or is the kernel’s, is none', async () => {
    expect(problemIn(await files.get('/data/none', {}, '/archive'))).toMatchObject({ code: 'file_not_found' });
    for (const path of ['/', '/proc', '/sys/kernel']) {
      expect(problemIn(await files.get(path, {}, '/archive'))).toMatchObject({ code: 'validation_failed' });
    }
  });

  test('leaves nothing else behind', async () => {
    expect(await files.leftovers()).toBe('');
  });
}
