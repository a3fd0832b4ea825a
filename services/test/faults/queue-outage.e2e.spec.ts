import type { OperationView } from '#contracts';
import { startRedis, waitFor, type TestRedis } from '#testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestBed } from './bed.js';
import { redisCommand } from './redis-command.js';
import { expectTruth } from './truth.js';

/** A bot's life in twenty operations, none of which joins another or does nothing. */
const LIFE: [verb: string, body?: Record<string, unknown>][] = [
  ['create', { start: true }],
  ...Array.from({ length: 9 }, (): [string][] => [['pause'], ['resume']]).flat(),
  ['delete'],
];
const BOTS = 10;
/** An accept takes milliseconds; with Redis away it may not take its deadlines on top. */
const ACCEPT_LIMIT_MS = 2_000;

let bed: TestBed;
let redis: TestRedis;

beforeAll(async () => {
  redis = await startRedis();
  bed = await TestBed.start({ redisUrl: redis.url });
});

afterAll(async () => {
  await bed?.stop().finally(() => redis?.stop());
});

async function readiness(): Promise<unknown> {
  const { status, body } = await bed.http.get('/readyz');
  return { ...(body as object), http: status };
}

const untilReadiness = (expected: object) =>
  waitFor(
    async () => {
      const now = await readiness();
      expect(now).toMatchObject(expected);
      return true;
    },
    { what: `/readyz to say ${JSON.stringify(expected)}` },
  );

describe('an API killed right after an accept, whose doorbell was lost', () => {
  it('has the operation rung by its successor’s sweep', async () => {
    const bot = bed.bot('unheard');
    await redis.kill();
    const operation = await bed.accept(bot, 'create', { start: true });
    await bed.services.api.kill('SIGKILL');
    await redis.restart();
    bed.services.api.start();
    await bed.services.ready();
    const { attempt } = await bed.succeeds(operation.id);
    expect(attempt).toBe(1);
    await expectTruth(bed, bot, 'running');
  });
});

describe('200 requests while Redis is killed, restarted and flushed', () => {
  it('are all accepted, and each runs once', async () => {
    await untilReadiness({ http: 200, status: 'ok' });
    const bots = Array.from({ length: BOTS }, (_, index) => bed.bot(`many-${index}`));
    const accepted: OperationView[] = [];
    let slowestMs = 0;
    const round = async (index: number): Promise<void> => {
      const [verb, body] = LIFE[index] ?? ['delete'];
      const sentAt = performance.now();
      accepted.push(...(await Promise.all(bots.map((bot) => bed.accept(bot, verb, body)))));
      slowestMs = Math.max(slowestMs, performance.now() - sentAt);
    };

    for (let index = 0; index < LIFE.length - 1; index += 1) {
      if (index === 4) await redis.kill();
      if (index === 8)
        await untilReadiness({ http: 200, status: 'degraded', checks: { database: true, queue: false } });
      if (index === 10) await redis.restart();
      if (index === 14) {
        await untilReadiness({ http: 200, status: 'ok' });
        await redisCommand(redis.port, 'FLUSHALL');
      }
      if (index === 17) await redis.restart();
      await round(index);
    }
    for (const { id } of accepted) await bed.succeeds(id, 60_000);
    await round(LIFE.length - 1);
    for (const { id } of accepted.slice(-BOTS)) await bed.succeeds(id);

    expect(new Set(accepted.map(({ id }) => id)).size).toBe(BOTS * LIFE.length);
    expect(slowestMs).toBeLessThan(ACCEPT_LIMIT_MS);
    for (const bot of bots) {
      const events = await expectTruth(bed, bot, 'absent');
      const started = events.filter(({ type }) => type === 'operation.started').map(({ data }) => data.operation?.id);
      expect(new Set(started).size).toBe(started.length);
      expect(started).toHaveLength(LIFE.length);
      const did = bed.engine
        .actions(bot)
        .filter((action) => ['create', 'pause', 'unpause', 'destroy'].includes(action));
      const pairs = Array.from({ length: (LIFE.length - 2) / 2 }, () => ['pause', 'unpause']).flat();
      expect({ bot, did }).toEqual({ bot, did: ['create', ...pairs, 'destroy'] });
    }
  });
});
