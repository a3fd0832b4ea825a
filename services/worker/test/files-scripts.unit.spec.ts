import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DELETE,
  LIST,
  MAKE_DIRECTORY,
  MOVE,
  PACK,
  READ,
  SWEEP_UNPACK,
  SWEEP_WRITE,
  UNPACK,
  WRITE,
} from '../workspace/files-scripts.js';
import { verdictIn } from '../workspace/files-verdict.js';

const MARK = 'm'.repeat(32);
let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'berth-files-'));
  writeFileSync(join(home, 'file'), 'as it was');
  mkdirSync(join(home, 'directory'));
});
afterAll(() => rmSync(home, { recursive: true }));

function run(script: string, args: string[], options: { input?: string; path?: string } = {}) {
  const { input = '', path = process.env['PATH'] ?? '' } = options;
  const { stdout, stderr } = spawnSync('/bin/sh', ['-c', script, 'sh', ...args], {
    input,
    env: { PATH: path, LC_ALL: 'C' },
  });
  return { verdict: verdictIn(stderr.toString('latin1'))?.join(' ') ?? null, stdout: stdout.toString() };
}

describe('in an image that has nothing but a shell', () => {
  test.each([
    ['listing', LIST, [''], 'stat'],
    ['reading', READ, ['/file'], 'stat'],
    ['writing', WRITE, ['/new', 'x', MARK], 'stat'],
    ['making a directory', MAKE_DIRECTORY, ['/new'], 'mkdir'],
    ['moving', MOVE, ['/file', '/new'], 'stat'],
    ['deleting a file', DELETE, ['/file', ''], 'rm'],
    ['deleting a directory', DELETE, ['/directory', ''], 'rmdir'],
    ['packing', PACK, ['/file'], 'tar'],
    ['unpacking', UNPACK, ['/new', 'x', 'proof'], 'tar'],
  ])('%s names the program that it lacks', (_what, script, args, program) => {
    const [path = '', ...more] = args;
    const moved = script === MOVE ? more.map((to) => home + to) : more;
    expect(run(script, [home + path, ...moved], { path: '/nonexistent' }).verdict).toBe(`lacks ${program}`);
    expect(readdirSync(home).sort()).toEqual(['directory', 'file']);
  });
});

describe('what is written', () => {
  const written = (input: string) => run(WRITE, [join(home, 'file'), 'x', MARK], { input });

  test.each([
    ['nothing', ''],
    ['less than a mark', 'short'],
    ['bytes without a mark', 'other bytes, and many more of them than a mark has'],
    ['bytes with another mark', `other bytes${'n'.repeat(32)}`],
    ['bytes with a mark that is cut off', `other bytes${MARK.slice(1)}`],
    ['bytes that go on behind the mark', `other bytes${MARK}\n`],
  ])('does not appear where there is %s', (_what, input) => {
    expect(written(input).verdict).toBe('cut');
    expect(readFileSync(join(home, 'file'), 'utf8')).toBe('as it was');
    expect(readdirSync(home).sort()).toEqual(['directory', 'file']);
  });

  test('appears without its mark where that comes last', () => {
    expect(written(`other bytes${MARK}`)).toEqual({ verdict: 'replaced 11', stdout: 'ready\n' });
    expect(readFileSync(join(home, 'file'), 'utf8')).toBe('other bytes');
    expect(written(MARK).verdict).toBe('replaced 0');
    expect(readFileSync(join(home, 'file'), 'utf8')).toBe('');
  });
});

describe('what one has left that was killed', () => {
  const startOf = (pid: number): string =>
    readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19] ?? '';
  const names = (): string[] => readdirSync(home).filter((name) => name.startsWith('.berth-'));
  const sweep = (): string | null => run(SWEEP_WRITE, [join(home, 'file'), 'id']).verdict;
  const leave = (...name: (string | number)[]): void =>
    writeFileSync(join(home, ['.berth-upload', ...name].join('-')), '');

  test('is removed, also where its number is another’s by now', () => {
    leave(process.pid, 'id');
    leave(process.pid, Number(startOf(process.pid)) - 1, 'id');
    leave(4_194_305, startOf(process.pid), 'other');
    expect([sweep(), names()]).toEqual(['done', []]);
  });

  test('is removed by the next that is written there', () => {
    leave(process.pid, 'id');
    expect(run(WRITE, [join(home, 'file'), 'x', MARK], { input: MARK }).verdict).toBe('replaced 0');
    expect(names()).toEqual([]);
  });

  test('stays for as long as it is written, which is told', () => {
    leave(process.pid, startOf(process.pid), 'id');
    leave(process.pid, startOf(process.pid), 'other');
    expect([sweep(), names().length]).toEqual(['alive', 2]);
    for (const name of names()) rmSync(join(home, name));
  });

  test('of an archive is removed from where it would have been', () => {
    mkdirSync(join(home, `.berth-unpack-${process.pid}-1-id/sub`), { recursive: true });
    expect([run(SWEEP_UNPACK, [join(home, 'new/place'), 'id']).verdict, names()]).toEqual(['done', []]);
  });
});
