import { beforeAll, describe, expect, test } from '@jest/globals';
import { expectProblem } from '../support/exact.js';
import type { System } from '../support/system.js';
import { BotFiles } from './bot-files.js';

/** Listing, making, moving and deleting. */
export function directories(system: () => System): void {
  let files: BotFiles;
  beforeAll(async () => {
    files = new BotFiles(system, system().bot('directories'));
    await files.bot.run('create', { start: true });
  });

  test('a list tells of everything that there may be', async () => {
    await files.inside.output(
      [
        'mkdir /data/kinds; cd /data/kinds; ln -s /etc/passwd link; ln -s "new',
        'line" odd; mkfifo pipe; mkdir -m 1750 directory; echo x > file; chmod 4711 file',
        'touch -d "2001-02-03 04:05:06" file',
      ].join('\n'),
    );
    const entries = await files.entries('/data/kinds');
    expect(entries).toMatchObject([
      { name: 'directory', type: 'directory', mode: '1750' },
      { name: 'file', type: 'file', size: 2, mode: '4711', modifiedAt: '2001-02-03T04:05:06.000Z' },
      { name: 'link', type: 'symlink', target: '/etc/passwd' },
      { name: 'odd', type: 'symlink', target: 'new\nline' },
      { name: 'pipe', type: 'other' },
    ]);
    expect((await files.entries('/')).find(({ name }) => name === 'data')).toMatchObject({ type: 'directory' });
    await files.inside.output('ln -s /data/kinds /data/kinds-link');
    expect(await files.entries('/data/kinds-link')).toEqual(entries);
    expect((await files.entries('/proc')).length).toBeGreaterThan(0);
  });

  test('of 50,000 entries comes in pages, each entry once, while others come and go', async () => {
    await files.inside.output(
      'mkdir /data/many; cd /data/many; i=0; while [ $i -lt 50000 ]; do : > f$i; i=$((i+1)); done; : > .first',
      { timeoutSeconds: 300 },
    );
    const seen = (await files.entries('/data/many')).map(({ name }) => name);
    expect(seen.length).toBe(50_001);
    expect(new Set(seen).size).toBe(50_001);
    expect(seen.slice(0, 4)).toEqual(['.first', 'f0', 'f1', 'f10']);

    const { entries, nextCursor } = await files.page('/data/many', '&limit=3');
    expect(entries.map(({ name }) => name)).toEqual(['.first', 'f0', 'f1']);
    // What a page ended with may be gone when the next one is asked for.
    await files.delete('/data/many/f1');
    const next = await files.page('/data/many', `&limit=2&cursor=${nextCursor}`);
    expect(next.entries.map(({ name }) => name)).toEqual(['f10', 'f100']);
    await files.delete('/data/many', '&recursive=true');
  });

  test('of nothing, of exactly a page, and of what looks like a pattern', async () => {
    await files.makeDirectory('/data/none');
    expect(await files.page('/data/none')).toEqual({ path: '/data/none', entries: [], nextCursor: null });
    for (const name of ['*', '.*']) await files.put(`/data/patterns/${name}`, '');
    const { entries, nextCursor } = await files.page('/data/patterns', '&limit=2');
    expect([entries.map(({ name }) => name), nextCursor]).toEqual([['.*', '*'], null]);
    await files.put('/data/dots/.a', '');
    expect(await files.page('/data/dots', '&limit=1')).toMatchObject({ nextCursor: null });
  });

  test('is refused where there is none, and with a limit or a cursor that is none', async () => {
    await files.put('/data/plain', 'x');
    expectProblem(await files.list('/data/absent'), 404, 'file_not_found');
    expectProblem(await files.list('/data/plain'), 409, 'file_conflict');
    expectProblem(await files.list('/data/plain/x'), 409, 'file_conflict');
    for (const more of ['&limit=0', '&limit=1001', '&cursor=x', '&cursor=Ym90czph', '&more=1']) {
      expectProblem(await files.list('/data', more), 400, 'validation_failed');
    }
  });

  test('a directory is made with those above it, and once', async () => {
    expect(await files.makeDirectory('/data/m/n/o')).toMatchObject({ status: 201, body: { path: '/data/m/n/o' } });
    expect(await files.makeDirectory('/data/m/n/o/')).toMatchObject({ status: 200, body: { path: '/data/m/n/o' } });
    for (const path of ['/data/plain', '/data/plain/x']) {
      expectProblem(await files.makeDirectory(path), 409, 'file_conflict');
    }
    expectProblem(await files.makeDirectory('/dev/x'), 400, 'validation_failed');
  });

  describe('moving', () => {
    test('a file, a directory and a link, also from one filesystem to another', async () => {
      await files.put('/data/from/a b/file', 'moved');
      expect(await files.move('/data/from', '/data/to')).toMatchObject({
        status: 200,
        body: { from: '/data/from', to: '/data/to' },
      });
      expect((await files.move('/data/to', '/elsewhere/new/to')).status).toBe(200);
      expect(await files.text('/elsewhere/new/to/a b/file')).toBe('moved');
      expectProblem(await files.list('/data/to'), 404, 'file_not_found');
      await files.put('/data/over', 'old');
      expect((await files.move('/elsewhere/new/to/a b/file', '/data/over')).status).toBe(200);
      expect(await files.text('/data/over')).toBe('moved');
      await files.inside.output('ln -s /data/over /data/pointer');
      expect((await files.move('/data/pointer', '/data/pointer2')).status).toBe(200);
      expect(await files.inside.output('readlink /data/pointer2; cat /data/over')).toBe('/data/over\nmoved');
      expect((await files.move('/data/over', '/data/over')).status).toBe(200);
    });

    test('is refused where it cannot be', async () => {
      await files.inside.output('mkdir -p /data/d/e; ln -s /data/d /data/dlink');
      expectProblem(await files.move('/data/absent', '/data/x'), 404, 'file_not_found');
      for (const [from, to] of [
        ['/data/over', '/data/d'],
        ['/data/over', '/data/dlink'],
        ['/data/d', '/data/over'],
        ['/data', '/data2'],
        ['/data/over', '/data/over/x'],
      ] as const) {
        const answer = await files.move(from, to);
        const within = to.startsWith(`${from}/`);
        expectProblem(answer, within ? 400 : 409, within ? 'validation_failed' : 'file_conflict');
      }
      expectProblem(await files.move('/data/d', '/data/dlink/e/d'), 400, 'validation_failed');
      expect(await files.inside.output('ls /data/d /data/over')).toContain('e');
    });
  });

  describe('deleting', () => {
    test('a file, an empty directory, and with all that is in it', async () => {
      await files.put('/data/del/full/-rf', 'x');
      await files.makeDirectory('/data/del/empty');
      expectProblem(await files.delete('/data/del/full'), 409, 'file_conflict');
      expect(await files.delete('/data/del/empty')).toMatchObject({ status: 204, body: '' });
      expect((await files.delete('/data/del', '&recursive=true')).status).toBe(204);
      expectProblem(await files.delete('/data/del', '&recursive=true'), 404, 'file_not_found');
    });

    test('a link, and not what it points to', async () => {
      await files.inside.output('cd /data; mkdir target; : > target/kept; ln -s /data/target tlink; ln -s / rootlink');
      expect((await files.delete('/data/tlink/', '&recursive=true')).status).toBe(204);
      expect((await files.delete('/data/rootlink', '&recursive=true')).status).toBe(204);
      expect(await files.inside.output('ls /data/target')).toBe('kept\n');
    });

    test('is refused for what the container stands on', async () => {
      await files.inside.output('ln -s /proc /data/kernel');
      expectProblem(await files.delete('/data', '&recursive=true'), 409, 'file_conflict');
      expectProblem(await files.delete('/etc/hosts'), 409, 'file_conflict');
      for (const path of ['/', '/proc/1', '/dev/null', '/data/kernel/1']) {
        expectProblem(await files.delete(path, '&recursive=true'), 400, 'validation_failed');
      }
      expect(await files.text('/data/over')).toBe('moved');
    });
  });
}
