import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DELETE, LIST, MAKE_DIRECTORY, MOVE, PACK, READ, UNPACK, WRITE } from '../workspace/files-scripts.js';
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
