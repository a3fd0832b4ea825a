import { removeSnapshotImages, waitFor } from '#testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestBed } from './faults/bed.js';
import { DockerProxy, type Call, type Moment } from './faults/docker-proxy.js';
import { expectMended, expectOneAtATime, expectTidy, expectUntouched } from './snapshots/crash-checks.js';
import { isPointOf, SCENARIOS } from './snapshots/crash-points.js';
import type { Scenario } from './snapshots/crash-scenario.js';
import { prepare, send, type Victim } from './snapshots/crash-victim.js';
import { snapshotIds } from './support/system.js';

/** A score of bots at once, each with several operations: on a busy machine that takes minutes. */
const GROUP_MS = 400_000;

let bed: TestBed;
let docker: DockerProxy;
const everyone: Victim[] = [];

beforeAll(async () => {
  docker = await DockerProxy.start();
  bed = await TestBed.start({
    dockerHost: docker.host,
    env: { BERTH_LEFTOVER_SECONDS: '2', BERTH_WORKER_CONCURRENCY: '64', BERTH_DB_POOL: '20' },
  });
}, GROUP_MS);

afterAll(async () => {
  const ids = bed ? await snapshotIds(bed.database.url) : [];
  await bed?.stop().finally(() => docker?.close());
  if (bed) await removeSnapshotImages(bed.docker, ids);
}, GROUP_MS);

/** Each operation comes to the call at which its worker dies; then the worker is killed, and nobody takes its place yet. */
async function crash(victims: Victim[], moment: Moment): Promise<Awaited<ReturnType<typeof send>>[]> {
  const victimOf = new Map<Call, Victim>();
  const held = docker.hold(async (call) => {
    for (const victim of victims) {
      if (!(await isPointOf(bed.docker, victim, call))) continue;
      victimOf.set(call, victim);
      return true;
    }
    return false;
  }, moment);
  const operations = await Promise.all(victims.map(send));
  // On a busy machine, one may give up its call and make it again before the last has come to its own.
  const waiting = (): string[] => {
    const there = new Set(held.calls.map((call) => victimOf.get(call)));
    return victims.filter((victim) => !there.has(victim)).map(({ scenario }) => scenario.name);
  };
  await waitFor(() => expectNone(waiting()), { what: 'all to come to their call', deadlineMs: 120_000 });
  await bed.services.worker.kill('SIGKILL');
  held.drop();
  return operations;
}

function expectNone(names: string[]): true {
  expect(names).toEqual([]);
  return true;
}

/** A failure says whose it is. */
function named(victim: Victim, check: Promise<void>): Promise<void> {
  return check.catch((error: Error) => {
    error.message = `${victim.scenario.name}: ${error.message}`;
    throw error;
  });
}

async function prepareAll(group: string, scenarios: Scenario[]): Promise<Victim[]> {
  const victims = await Promise.all(scenarios.map((scenario) => prepare(bed, group, scenario)));
  everyone.push(...victims);
  return victims;
}

describe.each<[string, Moment]>([
  ['before the engine hears of a call', 'before'],
  ['during a call', 'during'],
  ['after a call, before its answer', 'after'],
])('a worker killed %s', (_, moment) => {
  it(
    'leaves snapshots and restores that the next one ends, each whole',
    async () => {
      const victims = await prepareAll(
        moment,
        SCENARIOS.filter(({ moments }) => moments.includes(moment)),
      );
      const operations = await crash(victims, moment);
      bed.services.worker.start();
      for (const [index, victim] of victims.entries()) {
        const operation = operations[index];
        if (operation) await named(victim, expectMended(bed, victim, operation));
        if (victim.scenario.name === 'switching' && moment === 'after') expectOneAtATime(bed, victim);
      }
    },
    GROUP_MS,
  );
});

describe('a worker killed, and its operations cancelled before the next one', () => {
  const cases: [string, Scenario['verb'], Scenario['at'], Partial<Scenario>?][] = [
    ['archiving', 'take', 'import'],
    ['of-paused', 'take', 'tag', { from: 'paused' }],
    ['building', 'restore', 'create'],
    ['filling', 'restore', 'fill'],
    ['switching', 'restore', 'start'],
    ['root-alone', 'restore', 'start', { body: { scope: 'container' } }],
    ['to-paused', 'restore', 'start', { from: 'paused' }],
    ['forgetting', 'forget', 'forget-data'],
  ];

  it(
    'leaves the containers as they were, and nothing else',
    async () => {
      const victims = await prepareAll(
        'cancelled',
        cases.map(([name, verb, at, more]) => ({ name, verb, at, moments: ['after'], ...more })),
      );
      const operations = await crash(victims, 'after');
      for (const { id } of operations) {
        expect((await bed.http.post(`/v1/operations/${id}/cancel`)).body).toMatchObject({ status: 'running' });
      }
      bed.services.worker.start();
      for (const [index, victim] of victims.entries()) {
        const operation = operations[index];
        if (operation) await named(victim, expectUntouched(bed, victim, operation));
        if (['switching', 'root-alone'].includes(victim.scenario.name)) expectOneAtATime(bed, victim);
      }
    },
    GROUP_MS,
  );
});

describe('all of them together', () => {
  it(
    'have left nothing on the engine that no snapshot and no container stands for',
    () => expectTidy(bed, everyone),
    GROUP_MS,
  );
});
