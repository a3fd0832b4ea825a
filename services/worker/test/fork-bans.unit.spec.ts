import { RuntimeFailure, type RuntimeContainer } from '#runtime';
import { waitFor } from '#testing';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ForkBans } from '../workspace/fork-bans.js';

const RESOURCES = { cpus: 1, memoryMb: 64, pids: 200 };

describe('a ban on forks', () => {
  let directory: string;
  let pids: number;
  let isAway: boolean;
  let bans: ForkBans;

  const runtime: ConstructorParameters<typeof ForkBans>[0]['runtime'] = {
    inspect: async () => ({ resources: { ...RESOURCES, pids } }) as RuntimeContainer,
    update: async (_id, resources) => {
      if (isAway) throw new RuntimeFailure('docker_unavailable', 'x', { retryable: true });
      pids = resources.pids;
      return true;
    },
  };
  const noted = (): string[] => (existsSync(directory) ? readdirSync(directory) : []);

  beforeEach(() => {
    directory = join(mkdtempSync(join(tmpdir(), 'berth-bans-')), 'fork-bans');
    [pids, isAway] = [200, false];
    bans = new ForkBans({ directory, runtime, log: { warn: () => undefined } as never });
  });
  afterEach(async () => {
    await bans.stop();
    rmSync(join(directory, '..'), { recursive: true });
  });

  test('lasts for as long as what is run under it, and is noted meanwhile', async () => {
    const seen = await bans.during('c', async () => [pids, noted()]);
    expect([seen, pids, noted()]).toEqual([[1, ['c']], 200, []]);
    await expect(bans.during('c', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(pids).toBe(200);
  });

  test('is one at a time, each with the container’s own limit to put back', async () => {
    const order: string[] = [];
    const run = (name: string) => async () => void order.push(`${name} ${pids}`);
    await Promise.all([bans.during('c', run('a')), bans.during('c', run('b'))]);
    expect([order, pids, noted()]).toEqual([['a 1', 'b 1'], 200, []]);
  });

  test('leaves a limit alone that was set meanwhile', async () => {
    await bans.during('c', async () => void (pids = 300));
    expect([pids, noted()]).toEqual([300, []]);
  });

  test('that could not be lifted, or whose worker was killed, is lifted by the next', async () => {
    await bans.during('c', async () => void (isAway = true));
    expect([pids, noted()]).toEqual([1, ['c']]);
    isAway = false;
    bans.start();
    await waitFor(() => noted().length === 0, { what: 'the limit to be put back' });
    expect(pids).toBe(200);
  });

  test('that was not begun when its worker was killed changes nothing', async () => {
    mkdirSync(directory);
    writeFileSync(join(directory, 'c'), '150');
    bans.start();
    await waitFor(() => noted().length === 0, { what: 'the note to go' });
    expect(pids).toBe(200);
  });
});
