import type { OperationView } from '#contracts';
import { waitFor, type Answer } from '#testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { TestBed, operationOf } from './bed.js';
import { DockerProxy, callOn } from './docker-proxy.js';
import { PostgresProxy } from './postgres-proxy.js';
import { expectTruth } from './truth.js';

const LANES = 8;
const VERBS = ['stop', 'start', 'pause', 'resume', 'restart'];

let bed: TestBed;
let docker: DockerProxy;
let postgres: PostgresProxy;

beforeAll(async () => {
  docker = await DockerProxy.start();
  // The queues live in Postgres here, so that everything goes at once.
  bed = await TestBed.start({
    dockerHost: docker.host,
    throughDatabase: async (url) => {
      postgres = await PostgresProxy.start(url);
      return postgres.url;
    },
  });
});

afterAll(async () => {
  await bed?.stop().finally(() => Promise.all([docker?.close(), postgres?.close()]));
});

afterEach(async () => {
  await Promise.all([docker.restore(), postgres.restore()]);
});

const codeOf = ({ body }: Answer): unknown => (body as { code?: unknown }).code;
const isUnavailable = (answer: Answer): boolean => answer.status === 503 && codeOf(answer) === 'unavailable';

/** Sends the same request under one key until it is accepted and has ended, and notes every answer. */
async function insist(bot: string, verb: string, answers: Answer[], body?: unknown): Promise<OperationView> {
  const headers = { 'idempotency-key': randomUUID(), prefer: 'wait=5' };
  const answer = await waitFor(
    async () => {
      const each = await bed.send(bot, verb, body, headers);
      answers.push(each);
      return each.status === 202 || isUnavailable(each) ? null : each;
    },
    { what: `${verb} of ${bot} to be accepted`, deadlineMs: 40_000, everyMs: 50 },
  );
  return operationOf(answer, 200);
}

describe('Postgres cut off under load', () => {
  it('is answered with 503 alone, and no request is lost or accepted twice', async () => {
    const bots = Array.from({ length: LANES }, (_, index) => bed.bot(`load-${index}`));
    const answers: Answer[] = [];
    const accepted: OperationView[] = [];
    const cut = { rounds: 0, over: false };
    const load = Promise.all(
      bots.map(async (bot) => {
        accepted.push(await insist(bot, 'create', answers, { start: true }));
        for (let round = 0; !cut.over || round < VERBS.length; round += 1) {
          const operation = await insist(bot, VERBS[round % VERBS.length] ?? 'stop', answers);
          accepted.push(operation);
          cut.rounds += 1;
        }
        accepted.push(await insist(bot, 'delete', answers));
      }),
    );
    await waitFor(() => cut.rounds >= LANES, { what: 'the load to be on', deadlineMs: 30_000 });
    await postgres.cut();
    await waitFor(() => answers.filter(isUnavailable).length >= LANES, { what: 'answers without Postgres' });
    expect((await bed.http.get('/readyz')).status).toBe(503);
    expect((await bed.http.get('/livez')).status).toBe(200);
    await postgres.restore();
    const restoredAt = performance.now();
    await waitFor(async () => (await bed.http.get('/readyz')).status === 200, { what: 'the API to be ready again' });
    cut.over = true;
    await load;
    for (const { id } of accepted) await bed.succeeds(id);
    expect(performance.now() - restoredAt).toBeLessThan(60_000);

    const wrong = answers.filter((answer) => ![200, 202].includes(answer.status) && !isUnavailable(answer));
    expect(wrong.map(({ status, body }) => ({ status, body }))).toEqual([]);
    expect(new Set(accepted.map(({ id }) => id)).size).toBe(accepted.length);
    for (const bot of bots) {
      const events = await expectTruth(bed, bot, 'absent');
      const queued = new Set(events.flatMap(({ data }) => data.operation?.id ?? []));
      const mine = accepted.filter(({ botId }) => botId === bot).map(({ id }) => id);
      expect([...queued].sort()).toEqual([...mine].sort());
    }
  });

  it.each(['refused', 'stalled'] as const)('has every kind of call answer 503 while it is %s', async (how) => {
    const bot = bed.bot(`calls-${how}`);
    const fresh = bed.bot(`fresh-${how}`);
    const { id } = await bed.accept(bot, 'create');
    await bed.succeeds(id);
    const paths = [
      ...['/v1/bots', `/v1/bots/${bot}/container`, `/v1/bots/${bot}/events`, '/v1/events', '/v1/operations'],
      ...[`/v1/operations/${id}`, '/v1/nodes', `/v1/nodes/${bed.services.nodeId}`, '/v1/api-keys'],
      ...[`/v1/bots/${bot}/container/stats`, `/v1/bots/${bot}/container/logs`],
    ];
    if (how === 'refused') await postgres.cut();
    else postgres.stall();
    const answers = await Promise.all([
      ...paths.map((path) => bed.http.get(path)),
      bed.send(bot, 'start'),
      bed.send(fresh, 'create', {}),
      bed.http.post(`/v1/operations/${id}/cancel`),
      bed.http.post('/v1/api-keys', { name: 'k', scopes: ['containers:read'] }, { 'idempotency-key': randomUUID() }),
      bed.http.post('/v1/api-keys', { name: 'k', scopes: ['containers:read'] }),
      bed.http.delete(`/v1/api-keys/${randomUUID()}`),
      bed.services.http(`bk_${'a'.repeat(40)}`).get('/v1/bots'),
    ]).finally(() => postgres.restore());
    const seen = answers.map((answer) => `${answer.status} ${String(codeOf(answer))}`);
    // A key that is none needs no database to be refused.
    expect([...new Set(seen)].filter((each) => each !== '401 unauthenticated')).toEqual(['503 unavailable']);
    for (const { status, headers } of answers) if (status === 503) expect(headers.get('retry-after')).not.toBeNull();
    await bed.succeeds((await insist(fresh, 'create', [], { start: true })).id);
    await expectTruth(bed, fresh, 'running');
  });
});

describe('a statement whose answer is lost', () => {
  it('is no ghost: an accept is found again under its key', async () => {
    const bot = bed.bot('ghost');
    const withheld = postgres.withhold('answer', 'operation.queued', bot);
    const headers = { 'idempotency-key': randomUUID() };
    const first = bed.send(bot, 'create', { start: true }, headers);
    await withheld.reached();
    await postgres.cut();
    withheld.stop();
    const answer = await first;
    await postgres.restore();
    expect([202, 503]).toContain(answer.status);
    const again = await waitFor(
      async () => {
        const each = await bed.send(bot, 'create', { start: true }, headers);
        return isUnavailable(each) ? null : each;
      },
      { what: 'the same request to be answered' },
    );
    const { id } = operationOf(again, 202);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    await bed.succeeds(id);
    const events = await expectTruth(bed, bot, 'running');
    expect(events.filter(({ type }) => type === 'operation.queued')).toHaveLength(1);
  });

  it.each([
    ['was not written', 'request'],
    ['was written', 'answer'],
  ] as const)('neither loses nor doubles a settling that %s', async (_, what) => {
    const bot = bed.bot(`settle-${what}`);
    const containerId = await bed.make(bot, false);
    const held = docker.hold(callOn('POST', containerId, '/start'), 'after');
    const { id } = await bed.accept(bot, 'start');
    await held.reached();
    const withheld = postgres.withhold(what, 'operation.succeeded', bot);
    held.release();
    await withheld.reached();
    await postgres.cut();
    withheld.stop();
    await postgres.restore();
    const { attempt } = await bed.succeeds(id);
    expect(attempt).toBe(1);
    await expectTruth(bed, bot, 'running');
    expect(bed.engine.count(bot, 'start')).toBe(1);
  });
});
