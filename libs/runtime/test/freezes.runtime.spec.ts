import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { RuntimeFailure } from '../failure.js';
import { openDockerSuite, type DockerSuite } from './docker-suite.js';

const FREEZES = 25;
const CALLERS = 6;
/** As long as the shortest of snapshots: an engine whose last freeze is hardly over loses count of them. */
const FROZEN_MS = 60;
const never = new AbortController().signal;
let suite: DockerSuite;
/** Lets the container go on without the engine, which no longer can where this fails. */
let thaw: () => Promise<void> = () => Promise.resolve();

beforeAll(async () => {
  suite = await openDockerSuite();
  await suite.runtime.prepareNode();
}, 30_000);
afterAll(async () => {
  await thaw();
  await suite.close();
}, 60_000);

async function running(): Promise<string> {
  const { id } = await suite.runtime.create(suite.specs.make({ network: 'none' }), never);
  await suite.runtime.start(id, never);
  const { State } = await suite.docker.getContainer(id).inspect();
  const groups = await readFile(`/proc/${State.Pid}/cgroup`, 'utf8');
  const freezer = /^\d+:freezer:(.*)$/m.exec(groups)?.[1];
  const unified = /^0::(.*)$/m.exec(groups)?.[1] ?? '/';
  thaw = () =>
    (freezer !== undefined
      ? writeFile(`/sys/fs/cgroup/freezer${freezer}/freezer.state`, 'THAWED')
      : writeFile(`/sys/fs/cgroup${unified}/cgroup.freeze`, '0')
    ).catch(() => undefined);
  return id;
}

/** Runs one program after another until told to end. Returns how many ran. */
async function runPrograms(id: string, signal: AbortSignal): Promise<number> {
  let ran = 0;
  while (!signal.aborted) {
    try {
      const program = await suite.runtime.execute(id, { argv: ['true'], env: {} }, AbortSignal.timeout(15_000));
      // One in three is given up as soon as the engine has taken it.
      if (ran % 3 !== 2) for await (const bytes of program.output(() => undefined)) void bytes;
      program.close();
      ran += 1;
    } catch (error) {
      if (!(error instanceof RuntimeFailure) || error.code !== 'container_paused') throw error;
      await delay(5);
    }
  }
  return ran;
}

test('a container is frozen and let go on again and again while programs begin in it', async () => {
  const id = await running();
  const over = new AbortController();
  const callers = Promise.allSettled(Array.from({ length: CALLERS }, () => runPrograms(id, over.signal)));
  try {
    for (let turn = 0; turn < FREEZES; turn += 1) {
      await suite.runtime.pause(id, AbortSignal.timeout(15_000));
      await delay(FROZEN_MS);
      expect(await suite.runtime.inspect(id, AbortSignal.timeout(5_000))).toMatchObject({ engineState: 'paused' });
      await suite.runtime.resume(id, AbortSignal.timeout(15_000));
      await delay((turn * 7) % 40);
    }
  } finally {
    over.abort();
  }
  const counts = (await callers).map((end) => {
    if (end.status === 'rejected') throw end.reason;
    return end.value;
  });
  expect(Math.min(...counts)).toBeGreaterThan(0);
  expect(suite.hungCalls).toEqual([]);
}, 120_000);
