import { beforeAll, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { expectProblem } from '../support/exact.js';
import type { System } from '../support/system.js';
import { BotFiles, problemIn } from './bot-files.js';

/** Names that shells, tools and protocols are known to stumble over. */
export const ODD_NAMES = [
  'a \'q\' "d" $x `y` ;&|',
  'new\nline',
  'trailing\n',
  '-rf',
  '-',
  '--',
  'ümläut ☃',
  '*',
  '?',
  '[a]',
  '.*',
  '.hidden',
  '...',
  'a\\b',
  'tab\t',
  '  lead',
  '(',
  '!',
  '~',
  'x'.repeat(255),
];

/** Reading and writing files. */
export function content(system: () => System): void {
  let files: BotFiles;
  beforeAll(async () => {
    files = new BotFiles(system, system().bot('content'));
    await files.bot.run('create', { start: true });
  });

  test('a file is made with the directories above it, read, and replaced', async () => {
    const path = '/data/a/b/hello.txt';
    expect(await files.put(path, 'hello')).toMatchObject({ status: 201, body: { path, size: 5 } });
    expect(await files.put(path, 'hello again')).toMatchObject({ status: 200, body: { path, size: 11 } });
    const { status, headers, bytes } = await files.get(path);
    expect([status, bytes.toString()]).toEqual([200, 'hello again']);
    expect(headers.get('content-length')).toBe('11');
    expect(headers.get('content-type')).toBe('application/octet-stream');
    expect(headers.get('accept-ranges')).toBe('bytes');
    expect(Date.parse(headers.get('last-modified') ?? '')).toBeGreaterThan(Date.parse('2020-01-01'));
  });

  test('of any type, and of none', async () => {
    for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x', 'nonsense', 'image/png']) {
      expect((await files.put('/data/typed', '{"not json', { 'content-type': type })).status).toBeLessThan(300);
      expect(await files.text('/data/typed')).toBe('{"not json');
    }
    const { url, apiKey } = system().services;
    const answer = await fetch(new URL(files.path('/content', '/data/typed'), url), {
      method: 'PUT',
      headers: { authorization: `Bearer ${apiKey}` },
      body: new Blob(['untyped']).stream(),
      duplex: 'half',
    });
    expect(answer.status).toBe(200);
    expect(await files.text('/data/typed')).toBe('untyped');
  });

  test('empty, and larger than any other body, to the last byte', async () => {
    expect(await files.put('/data/empty', '')).toMatchObject({ status: 201, body: { size: 0 } });
    const { status, headers, bytes } = await files.get('/data/empty');
    expect([status, bytes.length, headers.get('content-length')]).toEqual([200, 0, '0']);
    const large = randomBytes(5 * 1024 * 1024 + 77);
    expect(await files.put('/data/large', large)).toMatchObject({ status: 201, body: { size: large.length } });
    expect((await files.get('/data/large')).bytes.equals(large)).toBe(true);
    for (const [range, from, to] of [
      ['bytes=3000000-3999999', 3_000_000, 4_000_000],
      ['bytes=1048576-1048576', 1_048_576, 1_048_577],
      ['bytes=1048575-', 1_048_575, large.length],
      ['bytes=-100', large.length - 100, large.length],
    ] as const) {
      const part = await files.get('/data/large', { range });
      expect(part.status).toBe(206);
      expect(part.headers.get('content-range')).toBe(`bytes ${from}-${to - 1}/${large.length}`);
      expect(part.headers.get('content-length')).toBe(String(to - from));
      expect(part.bytes.equals(large.subarray(from, to))).toBe(true);
    }
  });

  test('a range that is none, or is several, is the whole; one beyond the end is refused', async () => {
    await files.put('/data/ten', '0123456789');
    for (const range of ['items=0-1', 'bytes=4-2', 'bytes=0-1,3-4']) {
      const { status, bytes } = await files.get('/data/ten', { range });
      expect([status, bytes.toString()]).toEqual([200, '0123456789']);
    }
    const conditional = await files.get('/data/ten', { range: 'bytes=0-1', 'if-range': '"x"' });
    expect(conditional.status).toBe(200);
    expect(problemIn(await files.get('/data/ten', { range: 'bytes=10-' }))).toMatchObject({
      status: 416,
      code: 'range_not_satisfiable',
    });
  });

  test('names that shells stumble over', async () => {
    for (const name of ODD_NAMES) {
      expect({ name, ...(await files.put(`/data/odd/${name}`, name)) }).toMatchObject({ status: 201 });
      expect(await files.text(`/data/odd/${name}`)).toBe(name);
    }
    expect((await files.entries('/data/odd')).map(({ name }) => name).sort()).toEqual(ODD_NAMES.toSorted());
  });

  test('keeps mode and owner of what it replaces; what is new belongs to its directory’s owner', async () => {
    await files.inside.output(
      'mkdir /data/owned; chown 12:34 /data/owned; echo x > /data/kept; chown 5:6 /data/kept; chmod 4640 /data/kept',
    );
    await files.put('/data/kept', 'other');
    await files.put('/data/owned/n1/n2/file', 'new');
    const shown = 'stat -c "%a %u:%g" /data/kept /data/owned/n1 /data/owned/n1/n2 /data/owned/n1/n2/file';
    expect(await files.inside.output(shown)).toBe('4640 5:6\n755 12:34\n755 12:34\n644 12:34\n');
  });

  test('links are followed, within the container', async () => {
    await files.inside.output(
      'cd /data; echo x > real; ln -s /data/real link; ln -s nowhere dangling; ln -s loop loop; ln -s / root; ln -s /proc kernel; ln -s ../../../../../data/real up',
    );
    for (const path of ['/data/link', '/data/up']) {
      expect(await files.put(path, path)).toMatchObject({ status: 200 });
      expect(await files.text('/data/real')).toBe(path);
      expect(await files.text(path)).toBe(path);
    }
    expect(await files.inside.output('readlink /data/link')).toBe('/data/real\n');
    expect(await files.put('/data/dangling', 'found')).toMatchObject({ status: 201 });
    expect(await files.text('/data/nowhere')).toBe('found');
    expect(await files.text('/data/root/data/nowhere')).toBe('found');
    expectProblem(await files.put('/data/loop', 'x'), 409, 'file_conflict');
    expectProblem(await files.put('/data/kernel/x', 'x'), 400, 'validation_failed');
    await files.inside.output('ln -s /proc/version /data/version; ln -s version /data/version2');
    for (const path of ['/data/version', '/data/version2', '/data/kernel/version', '/data/kernel/self/environ']) {
      expect(problemIn(await files.get(path))).toMatchObject({ status: 400, code: 'validation_failed' });
    }
    expect(problemIn(await files.get('/data/loop'))).toMatchObject({ status: 409, code: 'file_conflict' });
  });

  describe('is refused', () => {
    test.each([
      ['a relative one', 'a/b'],
      ['one that leads up', '/a/../b'],
      ['one with NUL', '/a\0b'],
      ['one of 5 KiB', `/${'x/'.repeat(2500)}`],
      ['the root', '/'],
      ['one in /proc', '/proc/x'],
      ['one in /sys', '/./sys/x'],
      ['one in /dev', '/dev/x'],
    ])('where the path is %s', async (_what, path) => {
      expectProblem(await files.put(path, 'x'), 400, 'validation_failed');
    });

    test('where something else is', async () => {
      await files.inside.output('mkfifo /data/pipe; : > /data/plain');
      for (const path of ['/data', '/data/pipe', '/data/plain/x']) {
        expectProblem(await files.put(path, 'x'), 409, 'file_conflict');
      }
      for (const path of ['/data', '/data/pipe', '/data/plain/x']) {
        expect(problemIn(await files.get(path))).toMatchObject({ status: 409, code: 'file_conflict' });
      }
      expect(problemIn(await files.get('/data/none'))).toMatchObject({ status: 404, code: 'file_not_found' });
      expect(problemIn(await files.get('/proc/version'))).toMatchObject({ status: 400, code: 'validation_failed' });
    });
  });

  test('once per Idempotency-Key', async () => {
    const headers = { 'idempotency-key': `files-${randomBytes(6).toString('hex')}` };
    const first = await files.put('/data/once', 'one', headers);
    await files.inside.output('echo changed > /data/once');
    const again = await files.put('/data/once', 'one', headers);
    expect([first.status, again.status, again.body]).toEqual([201, 201, first.body]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(await files.text('/data/once')).toBe('changed\n');
    expectProblem(await files.put('/data/other', 'one', headers), 422, 'idempotency_key_reused');
    for (const other of ['two', 'one and more', 'on', '']) {
      expectProblem(await files.put('/data/once', other, headers), 422, 'idempotency_key_reused');
    }
    expect(await files.text('/data/once')).toBe('changed\n');
    expect((await files.put('/data/once', 'one', headers)).status).toBe(201);
  });

  test('leaves nothing else behind', async () => {
    expect(await files.leftovers()).toBe('');
  });
}
