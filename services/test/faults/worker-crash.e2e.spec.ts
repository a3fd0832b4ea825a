import { startRedis, waitFor, type TestRedis } from '#testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestBed } from './bed.js';
import { DockerProxy, callOn, type Call, type Moment } from './docker-proxy.js';
import { PostgresProxy, type Withheld } from './postgres-proxy.js';
import { redisCommand } from './redis-command.js';
import { expectTruth, type Settled } from './truth.js';

/** One operation, and the one of its Docker calls at which its worker dies. */
interface Scenario {
  name: string;
  verb: string;
  body?: Record<string, unknown>;
  /** What the bot is before; null: nobody has named it. */
  from: 'stopped' | 'running' | null;
  to: Settled;
  at: 'create' | 'start' | 'stop' | 'remove';
}

const SCENARIOS: Scenario[] = [
  { name: 'create', verb: 'create', body: { start: true }, from: null, to: 'running', at: 'create' },
  { name: 'create-start', verb: 'create', body: { start: true }, from: null, to: 'running', at: 'start' },
  { name: 'start', verb: 'start', from: 'stopped', to: 'running', at: 'start' },
  { name: 'stop', verb: 'stop', from: 'running', to: 'stopped', at: 'stop' },
  { name: 'restart-stop', verb: 'restart', from: 'running', to: 'running', at: 'stop' },
  { name: 'restart-start', verb: 'restart', from: 'running', to: 'running', at: 'start' },
  { name: 'delete-stop', verb: 'delete', from: 'running', to: 'absent', at: 'stop' },
  { name: 'delete-remove', verb: 'delete', from: 'running', to: 'absent', at: 'remove' },
];
/** One of each verb, for moments that are outside of Docker. */
const VERBS = SCENARIOS.filter(({ name }) => ['create', 'start', 'stop', 'restart-stop', 'delete-stop'].includes(name));

interface Case {
  scenario: Scenario;
  bot: string;
  containerId: string;
}

let bed: TestBed;
let docker: DockerProxy;
let postgres: PostgresProxy;
let redis: TestRedis;
/** What every bot should still be, once the doorbells that no worker took off have been delivered again. */
const ended = new Map<string, { id: string; attempt: number; version: number }>();

beforeAll(async () => {
  [docker, redis] = await Promise.all([DockerProxy.start(), startRedis()]);
  bed = await TestBed.start({
    dockerHost: docker.host,
    redisUrl: redis.url,
    env: { BERTH_QUEUE_NAMESPACE: 'crash' },
    throughDatabase: async (url) => {
      postgres = await PostgresProxy.start(url);
      return postgres.url;
    },
  });
});

afterAll(async () => {
  await bed?.stop().finally(() => Promise.all([docker?.close(), postgres?.close(), redis?.stop()]));
});

function prepare(group: string, scenarios: Scenario[]): Promise<Case[]> {
  return Promise.all(
    scenarios.map(async (scenario) => {
      const bot = bed.bot(`${group}-${scenario.name}`);
      const containerId = scenario.from === null ? '' : await bed.make(bot, scenario.from === 'running');
      return { scenario, bot, containerId };
    }),
  );
}

function isCallOf({ scenario, bot, containerId }: Case, known: Set<string>): (call: Call) => boolean {
  switch (scenario.at) {
    case 'create':
      return ({ method, path }) =>
        method === 'POST' && path.includes('/containers/create') && path.includes(`${bot}-1`);
    case 'start':
      if (scenario.from !== null) return callOn('POST', containerId, '/start');
      // Its container has no name in the path, and is the only one that was not there before.
      return ({ method, path }) => {
        const id = /\/containers\/(\w+)\/start/.exec(path)?.[1];
        return method === 'POST' && id !== undefined && !known.has(id);
      };
    case 'stop':
      return callOn('POST', containerId, '/stop');
    case 'remove':
      return callOn('DELETE', containerId, '');
  }
}

const accept = (cases: Case[]) =>
  Promise.all(cases.map(({ bot, scenario }) => bed.accept(bot, scenario.verb, scenario.body)));

/** Starts the next worker, and fails unless each operation ends by itself, as asked for, with nothing left over. */
async function recover(cases: Case[], operations: { id: string }[], attempts: number): Promise<void> {
  bed.services.worker.start();
  for (const [index, { bot, scenario }] of cases.entries()) {
    const { id, attempt } = await bed.succeeds(operations[index]?.id ?? '');
    expect({ bot, attempt }).toEqual({ bot, attempt: attempts });
    const events = await expectTruth(bed, bot, scenario.to);
    ended.set(bot, { id, attempt, version: events.length });
    expect({ bot, created: bed.engine.count(bot, 'create') }).toEqual({ bot, created: 1 });
    expect({ bot, paused: bed.engine.count(bot, 'pause') }).toEqual({ bot, paused: 0 });
  }
}

describe.each<[string, Moment]>([
  ['before the engine hears of the call', 'before'],
  ['during the call', 'during'],
  ['after the call, before its answer', 'after'],
])('a worker killed %s', (_, moment) => {
  it('leaves an operation that the next one ends', async () => {
    const cases = await prepare(moment, SCENARIOS);
    const known = new Set(cases.map(({ containerId }) => containerId));
    const held = docker.hold((call) => cases.some((each) => isCallOf(each, known)(call)), moment);
    const operations = await accept(cases);
    await held.reached(cases.length);
    await bed.services.worker.kill('SIGKILL');
    held.drop();
    await recover(cases, operations, 2);
  });
});

describe.each<[string, string, Withheld, string, number]>([
  ['after the claim, before Docker', 'claimed', 'answer', 'operation.started', 2],
  ['after Docker, before the settling', 'unsettled', 'request', 'operation.succeeded', 2],
  ['after the settling, before the job is taken off', 'settled', 'answer', 'operation.succeeded', 1],
])('a worker killed %s', (_, group, what, event, attempts) => {
  it('leaves an operation that ends once', async () => {
    const cases = await prepare(group, VERBS);
    const known = docker.calls.length;
    // Only these bots are busy now, and all of them are looked for.
    const held = cases.map(({ bot }) => postgres.withhold(what, event, bot));
    const operations = await accept(cases);
    await Promise.all(held.map((each) => each.reached()));
    await bed.services.worker.kill('SIGKILL');
    if (event === 'operation.started') {
      expect(docker.calls.slice(known).filter(({ method }) => method !== 'GET')).toEqual([]);
    }
    held.forEach((each) => each.stop());
    await recover(cases, operations, attempts);
  });
});

describe('doorbells that died with their worker', () => {
  it('are delivered again, and change nothing', async () => {
    const queue = `crash:node-${bed.services.nodeId}`;
    const active = async () => (await redisCommand(redis.port, 'LRANGE', `${queue}:active`, '0', '-1')) as string[];
    const left = await active();
    expect(left.length).toBeGreaterThanOrEqual(VERBS.length);
    // As when their locks have run out.
    await redisCommand(redis.port, 'DEL', `${queue}:stalled-check`, ...left.map((id) => `${queue}:${id}:lock`));
    await waitFor(async () => (await active()).length === 0, { what: 'the doorbells to be heard', deadlineMs: 30_000 });
    for (const [bot, { id, attempt, version }] of ended) {
      expect(await bed.operation(id)).toMatchObject({ status: 'succeeded', attempt });
      expect((await bed.view(bot)).version).toBe(version);
    }
  });
});
