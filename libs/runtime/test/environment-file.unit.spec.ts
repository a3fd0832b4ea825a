import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EnvironmentFiles, renderEnvironment, shellQuote } from '../environment-file.js';

describe('shellQuote', () => {
  test('survives a shell, whatever the text', () => {
    const text = fc.string({ unit: 'binary' }).filter((each) => !each.includes('\0'));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), (texts) => {
        const script = `printf '%s\\0' ${texts.map(shellQuote).join(' ')}`;
        expect(execFileSync('/bin/sh', ['-c', script]).toString()).toBe(texts.map((each) => `${each}\0`).join(''));
      }),
      { numRuns: 30 },
    );
  });

  test.each(["it's", '$(reboot)', '`id`', 'a\nb', '\\', "'", "''", '', '!x', '~', '#'])('keeps %j', (text) => {
    const script = `${renderEnvironment({ VALUE: text })}printf %s "$VALUE"`;
    expect(execFileSync('/bin/sh', ['-c', script]).toString()).toBe(text);
  });
});

describe('EnvironmentFiles', () => {
  let dataDir: string;
  let files: EnvironmentFiles;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'berth-env-'));
    files = new EnvironmentFiles(dataDir);
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));
  const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

  test('keeps others out', async () => {
    const path = await files.write('box', { A: '1' }, false);
    expect(await mode(path)).toBe('400');
    expect(await mode(join(dataDir, 'env'))).toBe('700');
    expect(await mode(await files.write('box', { A: '2' }, true))).toBe('444');
    expect(await readdir(join(dataDir, 'env'))).toEqual(['box']);
  });

  test('removes, twice', async () => {
    await files.write('box', { A: '1' }, false);
    await files.remove('box');
    await files.remove('box');
    expect(await readdir(join(dataDir, 'env'))).toEqual([]);
  });

  test.each(['../box', 'a/b', '', '.hidden'])('takes no path for a name: %j', (name) => {
    expect(() => files.pathOf(name)).toThrow(TypeError);
  });

  test('refuses what no environment can hold', async () => {
    await expect(files.write('box', { A: 'x\0y' }, false)).rejects.toMatchObject({ code: 'docker_error' });
  });

  test('prunes what is old and unused', async () => {
    for (const name of ['old', 'used', 'fresh']) await files.write(name, { A: '1' }, false);
    await writeFile(join(dataDir, 'env', 'draft~'), '');
    const longAgo = new Date(Date.now() - 2 * 60 * 60 * 1000);
    for (const name of ['old', 'used', 'draft~']) await utimes(join(dataDir, 'env', name), longAgo, longAgo);
    await files.prune(() => Promise.resolve(new Set(['used'])));
    expect((await readdir(join(dataDir, 'env'))).sort()).toEqual(['fresh', 'used']);
  });
});
