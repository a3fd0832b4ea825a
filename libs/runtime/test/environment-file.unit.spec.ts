import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
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
  }, 30_000);

  test.each(["it's", '$(reboot)', '`id`', 'a\nb', '\\', "'", "''", '', '!x', '~', '#'])('keeps %j', (text) => {
    const script = `${renderEnvironment({ VALUE: text })}printf %s "$VALUE"`;
    expect(execFileSync('/bin/sh', ['-c', script]).toString()).toBe(text);
  });
});

describe.each(['/bin/sh', '/bin/bash'])('a command under %s', (shell) => {
  /** What a command finds in its environment; the shell has nothing but a PATH. */
  const found = (env: Record<string, string>, options: { path?: string; program?: string } = {}) => {
    const { path = '/usr/bin:/bin', program = '/usr/bin/env' } = options;
    const args = ['-c', `${renderEnvironment(env)}exec "$@"`, 'sh', program, '-0'];
    // By the name it has in images, which makes a bash one of POSIX.
    const { stdout } = spawnSync(shell, args, { argv0: 'sh', env: { PATH: path }, encoding: 'utf8' });
    const pairs = stdout.split('\0').map((line): [string, string] => {
      const [name = '', ...value] = line.split('=');
      return [name, value.join('=')];
    });
    return Object.fromEntries(pairs);
  };
  // What dash or bash keeps read-only, takes for a number, or sets anew.
  const kept =
    '_ BASHOPTS BASHPID BASH_ALIASES BASH_COMMAND BASH_SUBSHELL BASH_VERSINFO DIRSTACK EPOCHREALTIME EUID FUNCNAME ' +
    'GROUPS HISTCMD IFS LC_ALL LINENO OPTARG OPTERR OPTIND PPID PS4 PWD RANDOM SECONDS SHELLOPTS SHLVL SRANDOM UID';

  test.each(['', '5', "it's /x 1:/y\nz"])('gets every name, whatever the shell makes of it, as %j', (value) => {
    const env = Object.fromEntries([...kept.split(' '), 'TOKEN'].map((name) => [name, value]));
    expect(found(env)).toMatchObject(env);
  });

  test('is looked up in the PATH it is given, and what helps the shell in the image’s', () => {
    expect(found({ PATH: '/nowhere', UID: '5' })).toMatchObject({ PATH: '/nowhere', UID: '5' });
    const env = { PATH: '/usr/bin', UID: '5' };
    expect(found(env, { path: '/bin', program: 'env' })).toMatchObject(env);
  });

  test('gets them from the shell where the image has no such help', () => {
    expect(found({ IFS: 'x', A: '1' }, { path: '/nowhere' })).toMatchObject({ IFS: 'x', A: '1' });
  });

  test('may be called like an assignment', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'berth-env-'));
    const program = join(dir, 'a=b');
    await symlink('/usr/bin/env', program);
    expect(found({ IFS: 'x' }, { program })).toMatchObject({ IFS: 'x' });
    await rm(dir, { recursive: true });
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
