import { cursorOf, eventPage, operationPage, routes, SCOPES, type List, type Problem, type Route } from '#contracts';
import type { Answer } from '#testing';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { TestBot } from '../support/bot.js';
import { exactly, expectProblem } from '../support/exact.js';
import type { System } from '../support/system.js';
import { Inside } from '../workspace/inside.js';
import { allBut, makeExpiredKey, makeKey, makeTenant, type Tenant } from '../support/tenants.js';

/** Stands in everything that another tenant must not see. */
const MARK = `mark-${randomBytes(8).toString('hex')}`;

/** What a call needs beside its path to be judged by more than its form. */
const BODIES: Partial<Record<string, unknown>> = {
  createApiKey: { name: 'of the matrix', scopes: ['containers:read'] },
  createTenant: { name: `of the matrix ${MARK}` },
  createSnapshot: { name: `of the matrix ${MARK}` },
  createDirectory: { path: `/data/${MARK}` },
  moveFile: { from: `/data/${MARK}`, to: '/data/moved' },
  updateContainer: { labels: {} },
  exec: { command: 'true' },
  createTask: { command: 'true' },
};

/** What a call needs in its query. */
const QUERIES: Partial<Record<string, string>> = {
  listFiles: '?path=/data',
  readFile: `?path=/data/${MARK}`,
  writeFile: `?path=/data/${MARK}`,
  deleteFile: `?path=/data/${MARK}`,
  readArchive: '?path=/data',
  writeArchive: '?path=/data',
};

/** What the `id` in a path is one of. */
const kindOf = (route: Route): string => /([a-z-]+)\/:id/.exec(route.path)?.[1] ?? '';

/** Every call of the contract, with every kind of key that must not pass. */
export function matrix(system: () => System): void {
  let bot: TestBot;
  let other: Tenant;
  let ids: Record<string, string>;
  let refused: [why: string, authorization: string | null][];

  beforeAll(async () => {
    const { http, services } = system();
    bot = system().bot('matrix');
    await bot.run('create', { start: true, labels: { mark: MARK } });
    other = await makeTenant(system());
    const { items } = exactly(operationPage, (await http.get(`/v1/operations?botId=${bot.id}`)).body);
    const living = await makeKey(http, ['containers:read']);
    const snapshot = await bot.snapshot(`snapshot ${MARK}`, { scope: 'container' });
    const task = await new Inside(bot).start('sleep 1000', { name: MARK });
    ids = {
      tasks: task.id,
      operations: items[0]?.id ?? '',
      'api-keys': living.id,
      nodes: services.nodeId,
      snapshots: snapshot.id,
    };

    const revoked = await makeKey(http, [...SCOPES]);
    expect((await http.delete(`/v1/api-keys/${revoked.id}`)).status).toBe(204);
    const expired = await makeExpiredKey(system(), http);
    const secretless = living.secret.replace(/.{43}$/, randomBytes(32).toString('base64url'));
    refused = [
      ['no key', null],
      ['an empty key', 'Bearer '],
      ['a malformed key', 'Bearer nonsense'],
      ['another scheme', `Basic ${Buffer.from(`x:${services.apiKey}`).toString('base64')}`],
      ['a key with more behind it', `Bearer ${services.apiKey}x`],
      ['a key in two parts', `Bearer ${services.apiKey} ${services.apiKey}`],
      ['an unknown key', `Bearer berth_${randomBytes(16).toString('hex')}_${randomBytes(32).toString('base64url')}`],
      ['a known id with another secret', `Bearer ${secretless}`],
      ['a revoked key', `Bearer ${revoked.secret}`],
      ['an expired key', `Bearer ${expired.secret}`],
    ];
  });

  const pathOf = (route: Route, botId = bot.id, id?: string): string => {
    const path = route.path.replace(':botId', botId).replace(':id', id ?? ids[kindOf(route)] ?? '');
    return `${path}${QUERIES[route.id] ?? ''}`;
  };
  const call = (route: Route, authorization: string | null, path = pathOf(route)): Promise<Answer> =>
    system()
      .services.http(null)
      .request(route.method, path, {
        body: BODIES[route.id],
        headers: authorization === null ? {} : { authorization },
      });

  describe.each(Object.values<Route>(routes).map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s',
    (_name, route) => {
      test('nobody without a living key', async () => {
        for (const [why, authorization] of refused) {
          const answer = await call(route, authorization);
          expect({ why, status: answer.status }).toEqual({ why, status: 401 });
          expectProblem(answer, 401, 'unauthenticated');
          expect(answer.headers.get('www-authenticate')).toBe('Bearer');
          expect(JSON.stringify(answer.body)).not.toContain(MARK);
        }
      });

      test('no key without its scope', async () => {
        const { access } = route;
        expect(access).not.toBe('public');
        if (access === 'any-key') {
          const { secret } = await makeKey(system().http, ['audit:read']);
          return void expect((await call(route, `Bearer ${secret}`)).status).toBe(200);
        }
        const secrets =
          typeof access === 'object'
            ? [(await makeKey(system().http, allBut(access.scope))).secret]
            : [(await makeKey(system().http, [...SCOPES])).secret, other.key];
        for (const secret of secrets) {
          const problem = expectProblem(await call(route, `Bearer ${secret}`), 403, 'forbidden');
          if (typeof access === 'object') expect(problem.detail).toContain(access.scope);
        }
      });

      test('a key with its scope alone, where there is nothing to find', async () => {
        if (typeof route.access !== 'object') return;
        const { secret } = await makeKey(system().http, [route.access.scope]);
        const path = pathOf(route, system().bot('nobody').id, 'nothing');
        // What would do something is asked for in a way that cannot be.
        const body = route.path.includes(':') && route.id !== 'createContainer' ? undefined : { nonsense: true };
        const { status } = await system()
          .services.http(secret)
          .request(route.method, path, route.method === 'GET' ? {} : { body });
        expect([200, 400, 404]).toContain(status);
      });

      test('nothing for another tenant', async () => {
        const before = await bot.get();
        const authorization = `Bearer ${other.key}`;
        if (route.access === 'operator' || (typeof route.access === 'object' && route.access.scope === 'nodes:admin')) {
          return void expectProblem(await call(route, authorization), 403, 'forbidden');
        }
        if (route.id === 'createContainer' || route.id === 'createApiKey') return;
        if (route.id === 'whoami') {
          const { body } = await call(route, authorization);
          return void expect(body).toMatchObject({ tenant: { id: other.id }, isOperator: false });
        }
        const answer = await call(route, authorization);
        expect(JSON.stringify(answer.body)).not.toContain(MARK);
        if (!route.path.includes(':')) {
          expect(answer.status).toBe(200);
          const { items } = answer.body as { items: { botId?: string; id?: string }[] };
          expect(items.filter(({ botId, id }) => botId === bot.id || Object.values(ids).includes(id ?? ''))).toEqual(
            [],
          );
          return;
        }
        // As if it were not there at all.
        const nowhere = route.path.includes(':botId') ? 'nobody-at-all' : '01a209ef-cbb6-71af-b0ef-878bcd87c9b8';
        const ofBot = route.path.includes(':botId');
        const absent = await call(route, authorization, pathOf(route, nowhere, ofBot ? undefined : nowhere));
        expect([answer.status, absent.status]).toEqual([404, 404]);
        const [shown, expected] = [answer.body, absent.body] as [Problem, Problem];
        expectProblem(answer, 404, expected.code);
        const asked = ofBot ? bot.id : (ids[kindOf(route)] ?? '');
        expect(shown.detail.replace(asked, nowhere)).toBe(expected.detail);
        expect((await bot.get()).version).toBe(before.version);
      });
    },
  );

  test('streams are refused as pages are', async () => {
    const accept = 'text/event-stream';
    for (const path of [`/v1/bots/${bot.id}/events`, '/v1/events', bot.path('/logs?follow=true')]) {
      for (const [, authorization] of refused) {
        const headers = { accept, ...(authorization !== null && { authorization }) };
        expectProblem(await system().services.http(null).get(path, headers), 401, 'unauthenticated');
      }
      const { secret } = await makeKey(system().http, allBut('containers:read'));
      expectProblem(await system().services.http(secret).get(path, { accept }), 403, 'forbidden');
    }
    for (const path of [`/v1/bots/${bot.id}/events`, bot.path('/logs?follow=true')]) {
      expectProblem(await other.http.get(path, { accept }), 404, 'bot_not_found');
    }
  });

  test('the calls that are public say nothing of any tenant', async () => {
    const client = system().services.http(null);
    for (const path of ['/livez', '/readyz', '/metrics', '/openapi.json', '/docs']) {
      const { status, body } = await client.get(path);
      expect(status).toBe(200);
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      for (const secret of [MARK, bot.id, system().services.apiKey, other.key]) expect(text).not.toContain(secret);
    }
  });

  test('another tenant’s cursors and filters find one’s own alone', async () => {
    const mine = await bot.events();
    const foreign = system().bot('foreign', other.http);
    await foreign.run('create');
    const ofBot = (path: string): Promise<Answer> => other.http.get(path);
    for (const path of [
      `/v1/operations?botId=${bot.id}`,
      `/v1/bots?q=${bot.id}`,
      `/v1/operations?botId=${bot.id}&status=succeeded&kind=container.create`,
    ]) {
      expect((await ofBot(path)).body).toEqual({ items: [], nextCursor: null });
    }
    const cursor = mine[0]?.cursor ?? '';
    for (const path of [
      `/v1/events?cursor=${cursor}`,
      `/v1/events`,
      `/v1/bots/${foreign.id}/events?cursor=${cursor}`,
    ]) {
      const { items } = exactly(eventPage, (await ofBot(path)).body);
      expect(new Set(items.map(({ botId }) => botId))).toEqual(new Set([foreign.id]));
    }
    const last = `ffffffff-ffff-7fff-bfff-ffffffffffff`;
    const pages = (list: List, id = ''): string[] => [
      '',
      `?cursor=${cursorOf(list, id)}`,
      `?cursor=${cursorOf(list, last)}`,
    ];
    for (const query of pages('operations', ids['operations'])) {
      const { items } = exactly(operationPage, (await ofBot(`/v1/operations${query}`)).body);
      expect(items.every(({ botId }) => botId === foreign.id)).toBe(true);
    }
    for (const query of pages('keys', ids['api-keys'])) {
      const { items } = (await ofBot(`/v1/api-keys${query}`)).body as { items: { name: string }[] };
      expect(items.every(({ name }) => name === 'first key')).toBe(true);
    }
    expect((await ofBot(`/v1/bots?cursor=${cursorOf('bots', 'a')}`)).body).toMatchObject({
      items: [{ botId: foreign.id }],
    });
  });
}
