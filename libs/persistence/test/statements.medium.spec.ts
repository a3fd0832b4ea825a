import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OperationStatus, Status } from '#domain';
import type { Client } from 'pg';
import {
  BotStore,
  EventStore,
  IdempotencyStore,
  listContainers,
  NodeStore,
  OperationStore,
  prune,
  START,
  type ContainerFilter,
  type OperationFilter,
} from '../index.js';
import { openBed, type Bed } from './bed.js';
import { needlessReads, recording } from './plans.js';
import { LARGE, seed } from './seed.js';

let bed: Bed;
let client: Client;
let small: string;
let bot: { key: string; bot_id: string };
let operationId: string;

beforeAll(async () => {
  bed = await openBed();
  small = await seed(bed);
  client = await bed.connect();
  const [someBot] = await bed.database.query<{ key: string; bot_id: string }>(
    `SELECT key, bot_id FROM bot WHERE bot_id = 'bot-05020'`,
  );
  const [someOperation] = await bed.database.query<{ id: string }>(
    `SELECT id FROM operation WHERE bot_key = $1 AND seq = 4`,
    [someBot?.key],
  );
  if (!someBot || !someOperation) throw new Error('the seed is not what it should be');
  bot = someBot;
  operationId = someOperation.id;
});
afterAll(() => bed.close());

type Work = (parts: {
  bots: BotStore;
  operations: OperationStore;
  events: EventStore;
  nodes: NodeStore;
  idempotency: IdempotencyStore;
  database: Bed['database'];
}) => Promise<unknown>;

/** Runs what a store does and fails where one of its statements reads a growing table from end to end. */
async function expectIndexed(work: Work): Promise<void> {
  const { database, statements } = recording(bed.database);
  await work({
    bots: new BotStore(database),
    operations: new OperationStore(database),
    events: new EventStore(database),
    nodes: new NodeStore(database),
    idempotency: new IdempotencyStore(database),
    database,
  });
  expect(statements.length).toBeGreaterThan(0);
  for (const statement of statements) {
    expect({ text: statement.text, reads: await needlessReads(client, statement) }).toEqual({
      text: statement.text,
      reads: [],
    });
  }
}

/** Every choice of some of the members, the rest left out. */
function combinations<T extends object>(members: { [K in keyof T]: T[K][] }): Partial<T>[] {
  let made: Partial<T>[] = [{}];
  for (const name of Object.keys(members) as (keyof T)[]) {
    made = made.flatMap((each) => [each, ...members[name].map((value) => ({ ...each, [name]: value }))]);
  }
  return made;
}

describe('no growing table is read from end to end', () => {
  it('by a check that would notice', async () => {
    const whole = { text: `SELECT 1 FROM operation WHERE attempt = $1::int`, values: [7] };
    expect(await needlessReads(client, whole)).toEqual([
      'force_custom_plan: all of operation',
      expect.stringMatching(/^force_custom_plan: \d+ rows in vain$/),
      'force_generic_plan: all of operation',
      expect.stringMatching(/^force_generic_plan: \d+ rows in vain$/),
    ]);
  });

  it('by a list of containers, whatever it is filtered by', async () => {
    const filters = combinations<Omit<ContainerFilter, 'tenantId' | 'limit'>>({
      status: ['running', 'failed', 'unknown', 'restarting', 'creating'] satisfies Status[],
      nodeId: ['node-7', 'nowhere'],
      prefix: ['bot-05', 'zzz'],
      afterBotId: ['bot-05020'],
    });
    expect(filters).toHaveLength(6 * 3 * 3 * 2);
    for (const filter of filters) {
      for (const tenantId of [bed.tenantId, small]) {
        await expectIndexed(({ database }) => listContainers(database, { ...filter, tenantId, limit: 51 }));
      }
    }
  });

  it('by a list of operations, whatever it is filtered by', async () => {
    const filters = combinations<Omit<OperationFilter, 'tenantId' | 'limit'>>({
      botId: [bot.bot_id, 'nobody'],
      status: ['queued', 'running', 'succeeded', 'failed', 'cancelled'] satisfies OperationStatus[],
      kind: ['container.restart', 'container.create'],
      beforeId: [operationId],
    });
    expect(filters).toHaveLength(3 * 6 * 3 * 2);
    for (const filter of filters) {
      for (const tenantId of [bed.tenantId, small]) {
        await expectIndexed(({ operations }) => operations.list({ ...filter, tenantId, limit: 51 }));
      }
    }
  });

  it.each<[string, Work]>([
    ['reading a lane by name', ({ bots }) => bots.find(bed.tenantId, bot.bot_id)],
    ['locating a container', ({ bots }) => bots.locate(bed.tenantId, bot.bot_id)],
    ['reading a lane for a create', ({ bots }) => bots.findForPlacement(bed.tenantId, bot.bot_id)],
    ['reading a lane by key', ({ bots }) => bots.findByKey(bot.key)],
    ['reading the lane of an operation', ({ bots }) => bots.findByOperation(operationId)],
    ['walking the bots of a node', ({ bots }) => bots.listOfNode('node-3', bot.key, 200)],
    ['reading an operation', ({ operations }) => operations.find(bed.tenantId, operationId)],
    ['asking which operations have ended', ({ operations }) => operations.ended([operationId])],
    ['looking for stuck lanes', ({ operations }) => operations.stuckBots(200)],
    ['looking for unheard bells', ({ operations }) => operations.takeUnrung(200)],
    ['ringing all of a node', ({ operations }) => operations.takeUnrung(200, 'node-3')],
    ['measuring the oldest wait', ({ operations }) => operations.oldestWaitSeconds()],
    [
      'renewing leases',
      ({ operations }) => operations.heartbeat([{ operationId, epoch: 5, phase: 'x', progress: null }], 30),
    ],
    ['taking leases over', ({ operations }) => operations.releaseLeases('node-3')],
    ['finding the head of events', ({ events }) => events.head()],
    ['tailing from the start', ({ events }) => events.tail(START, 500)],
    ['tailing at the end', ({ events }) => events.tail({ txid: 15n, id: 49_990n }, 500)],
    ['paging through a tenant', ({ events }) => events.ofTenant(bed.tenantId, { txid: 13n, id: 0n }, 51)],
    ['paging through a small tenant', ({ events }) => events.ofTenant(small, START, 51)],
    ['paging through a bot', ({ events }) => events.ofBot(bot.key, 2, 51)],
    ['finding a bot’s version at a place', ({ events }) => events.versionAt(bot.key, { txid: 13n, id: 30_000n })],
    ['judging a place', ({ events }) => events.placeOf({ txid: 13n, id: 30_000n })],
    ['finding bots of a silent node', ({ nodes }) => nodes.botsNotUnknown('node-1', 200)],
    ['finding an idempotency key', ({ idempotency }) => idempotency.find(bed.tenantId, 'key')],
    ['pruning', ({ database }) => prune(database, { days: 7, batch: 1_000 })],
  ])('by %s', (_, work) => expectIndexed(work));

  it('by writing a change', async () => {
    await expectIndexed(async ({ bots }) => {
      const lane = await bots.find(bed.tenantId, 'bot-00001');
      if (!lane) throw new Error('the bot is missing');
      const change = { expectVersion: lane.bot.version, bot: lane.bot, operations: [], writes: [], events: [] };
      expect(await bots.commit({ ...change, snapshots: [], tasks: [], descends: false, reservation: null })).toBe(
        'committed',
      );
    });
  });
});

describe('lists of many', () => {
  it('page through every container once, in order', async () => {
    const seen: string[] = [];
    for (let afterBotId: string | undefined; ;) {
      const page = await listContainers(bed.database, { tenantId: bed.tenantId, afterBotId, limit: 1_000 });
      if (page.length === 0) break;
      seen.push(...page.map((lane) => lane.bot.botId));
      afterBotId = seen.at(-1);
    }
    expect(seen).toHaveLength(LARGE);
    expect(seen).toEqual([...new Set(seen)].sort());
  });

  it('page through every operation once, newest first', async () => {
    const operations = new OperationStore(bed.database);
    const seen: string[] = [];
    for (let beforeId: string | undefined; ;) {
      const page = await operations.list({ tenantId: small, beforeId, limit: 100 });
      if (page.length === 0) break;
      seen.push(...page.map(({ operation }) => operation.id));
      beforeId = seen.at(-1);
    }
    const [all] = await bed.database.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM operation WHERE tenant_id = $1`,
      [small],
    );
    expect(seen).toHaveLength(all?.n ?? 0);
    expect(seen).toEqual([...new Set(seen)].sort().reverse());
  });

  it('by status show what a client sees: a state where nothing runs, a word where something does', async () => {
    const statuses = ['running', 'restarting', 'unknown', 'creating'] as const;
    for (const status of statuses) {
      const lanes = await listContainers(bed.database, { tenantId: bed.tenantId, status, limit: 1_000 });
      expect(lanes.length > 0).toBe(status !== 'creating');
      for (const { bot: each, operations } of lanes) {
        const runs = operations.some((operation) => operation.status === 'running');
        expect([status, each.state === 'unknown', runs && each.state !== 'unknown']).toEqual([
          status,
          status === 'unknown',
          status === 'restarting',
        ]);
      }
    }
  });
});
