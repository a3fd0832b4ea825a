import { apiKeyWithSecretSchema, operationPage } from '#contracts';
import type { Answer } from '#testing';
import { expect, test } from '@jest/globals';
import { exactly, expectProblem, problemOf } from '../support/exact.js';
import { rawRequest } from '../support/raw-http.js';
import type { System } from '../support/system.js';
import { makeKey } from '../support/tenants.js';
import { pathsOf, refuses } from './refuses.js';

/** Paths, ids and queries that no client should send. */
export function addresses(system: () => System): void {
  const badIds = [
    '..%2f..%2fetc',
    '%2e%2e%2f',
    'a%2fb',
    'a%00b',
    'UPPER',
    '-a',
    'a-',
    '.a',
    'a%20b',
    'ü',
    '%f0%9f%98%80',
    'a'.repeat(65),
    'a'.repeat(10_000),
    '__proto__',
    '*',
    '%25',
  ];

  test('ids of bots that are none', async () => {
    for (const id of badIds) {
      for (const [method, path] of [
        ['GET', `/v1/bots/${id}/container`],
        ['POST', `/v1/bots/${id}/container`],
        ['POST', `/v1/bots/${id}/container/start`],
        ['DELETE', `/v1/bots/${id}/container`],
        ['GET', `/v1/bots/${id}/container/logs`],
        ['GET', `/v1/bots/${id}/events`],
      ] as const) {
        const answer = await refuses(system().http, method, path, undefined);
        expect(pathsOf(answer)).toEqual(['botId']);
      }
    }
  });

  test('ids of operations, keys and nodes that are none', async () => {
    for (const id of [...badIds, 'x', '00000000-0000-0000-0000-000000000000', "1';drop table bot;--"]) {
      for (const [method, path, code] of [
        ['GET', `/v1/operations/${id}`, 'operation_not_found'],
        ['POST', `/v1/operations/${id}/cancel`, 'operation_not_found'],
        ['DELETE', `/v1/api-keys/${id}`, 'api_key_not_found'],
        ['GET', `/v1/nodes/${id}`, 'node_not_found'],
      ] as const) {
        const answer = await system().http.request(method, path);
        const malformed = id.includes('%00') || id.length > 64;
        expectProblem(answer, malformed ? 400 : 404, malformed ? 'validation_failed' : code);
      }
    }
  });

  test('paths that no client should send', async () => {
    const { url, apiKey } = system().services;
    const send = (target: string): Promise<Answer> =>
      rawRequest(url, `GET ${target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${apiKey}\r\n\r\n`);
    for (const target of [
      '/v1/bots/../../etc/passwd',
      '/v1/bots/%2e%2e/container',
      '//v1//bots',
      '/v1/bots/',
      '/v1/',
    ]) {
      const answer = await send(target);
      expect([400, 404]).toContain(problemOf(answer).status);
    }
    for (const target of ['/v1/bots/%zz/container', '/v1/bots/%', '/v1/bots/%ff/container', '/%c0%af']) {
      expectProblem(await send(target), 400, 'validation_failed');
    }
    for (const bytes of ['GET /livez HTTP/1.1\r\nbad header\r\n\r\n', 'nonsense\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n']) {
      expectProblem(await rawRequest(url, bytes), 400, 'validation_failed');
    }
    const long = await rawRequest(url, `GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`);
    expectProblem(long, 400, 'validation_failed');
    for (const path of ['/v1', '/v1/nothing', '/v1/bots/a', '/v1/bots/a/container/explode', '/admin', '/.env']) {
      expectProblem(await system().http.get(path), 404, 'route_not_found');
    }
    for (const [method, path] of [
      ['PUT', '/v1/bots/a/container'],
      ['POST', '/v1/bots'],
      ['DELETE', '/v1/nodes/node-1'],
      ['PATCH', '/v1/api-keys/x'],
      ['GET', '/v1/tenants'],
      ['POST', '/livez'],
    ] as const) {
      expectProblem(await system().http.request(method, path), 404, 'route_not_found');
    }
  });

  test('limits, cursors, filters and flags', async () => {
    const lists = ['/v1/bots', '/v1/operations', '/v1/api-keys', '/v1/nodes', '/v1/events'];
    for (const path of lists) {
      for (const limit of ['0', '101', '1000000000', '1e9', 'abc', '-1', '1.5', '', ' 1', '0x10', '١']) {
        const answer = await refuses(system().http, 'GET', `${path}?limit=${encodeURIComponent(limit)}`, undefined);
        expect(pathsOf(answer)).toEqual(['query.limit']);
      }
      await refuses(system().http, 'GET', `${path}?limit=1&limit=2`, undefined);
      await refuses(system().http, 'GET', `${path}?unknown=1`, undefined);
      await refuses(system().http, 'GET', `${path}?__proto__=1`, undefined);
      await refuses(system().http, 'GET', `${path}?cursor=%00`, undefined);
      await refuses(system().http, 'GET', `${path}?cursor=${'x'.repeat(300)}`, undefined);
    }
    await Promise.all(['cursors-1', 'cursors-2'].map((name) => system().bot(name).run('create')));
    await Promise.all([makeKey(system().http, ['audit:read']), makeKey(system().http, ['audit:read'])]);
    const given = new Map<string, string>();
    for (const path of lists) {
      const { nextCursor } = (await system().http.get(`${path}?limit=1`)).body as { nextCursor: string | null };
      if (nextCursor !== null) given.set(path, nextCursor);
    }
    // There is but one node, and so no second page of nodes.
    expect([...given.keys()]).toEqual(lists.filter((path) => path !== '/v1/nodes'));
    for (const path of [...lists, `/v1/bots/${system().bot('cursors-1').id}/snapshots`]) {
      const others = [...given].flatMap(([of, cursor]) => (of === path ? [] : [cursor]));
      const [one = '', own = given.get(path) ?? one] = others;
      const altered = [`${own}.`, `${own}=`, own.slice(1), ` ${own}`];
      const readable = ['alice', system().services.nodeId, '01a209ef-cbb6-71af-b0ef-878bcd87c9b8'];
      for (const cursor of ['', 'x', '1', '-', "1-2'", '..', '~', ...readable, ...others, ...altered]) {
        // Digits may be cut, and are still a place among the events.
        if (path === '/v1/events' && /^\d+-\d+$/.test(cursor)) continue;
        const answer = await refuses(system().http, 'GET', `${path}?cursor=${encodeURIComponent(cursor)}`, undefined);
        expect({ path, cursor, paths: pathsOf(answer) }).toEqual({ path, cursor, paths: ['query.cursor'] });
      }
    }
    for (const cursor of ['99999999999999999999-99999999999999999999', '0-0']) {
      expect((await system().http.get(`/v1/events?cursor=${cursor}`)).status).toBe(200);
    }
    for (const query of ['status=asleep', 'status=', `q=${'x'.repeat(65)}`, 'q=%00', 'node=%00', 'q[]=1']) {
      await refuses(system().http, 'GET', `/v1/bots?${query}`, undefined);
    }
    for (const query of ['q=%25', 'q=_', 'q=%5c', "q='", 'q=', 'q=%F4%8F%BF%BF', 'node=nowhere', 'q=%ff']) {
      expect((await system().http.get(`/v1/bots?${query}`)).status).toBe(200);
    }
    for (const query of ['botId=UPPER', 'status=done', 'kind=start', 'wait=1']) {
      await refuses(system().http, 'GET', `/v1/operations?${query}`, undefined);
    }
    const bot = system().bot('queries');
    await bot.run('create');
    for (const query of ['purgeData=yes', 'purgeData=1', 'purgeData=', 'force=true']) {
      await refuses(system().http, 'DELETE', bot.path(`?${query}`), undefined);
    }
    for (const after of ['-1', 'x', '1.5', '2147483648', '99999999999']) {
      await refuses(system().http, 'GET', `/v1/bots/${bot.id}/events?after=${after}`, undefined);
    }
    const { items } = exactly(operationPage, (await system().http.get(`/v1/operations?botId=${bot.id}`)).body);
    for (const wait of ['61', '-1', 'x'])
      await refuses(system().http, 'GET', `/v1/operations/${items[0]?.id}?wait=${wait}`, undefined);
    expect((await bot.get()).status).toBe('stopped');
  });

  test('keys that are odd', async () => {
    const scopes = ['containers:read'];
    for (const body of [
      {},
      { name: '', scopes },
      { name: '   ', scopes },
      { name: 'a\nb', scopes },
      { name: 'x'.repeat(129), scopes },
      { name: 'x', scopes: [] },
      { name: 'x', scopes: ['everything'] },
      { name: 'x', scopes: [...scopes, ...scopes] },
      { name: 'x', scopes: 'containers:read' },
      { name: 'x', scopes, expiresAt: 'tomorrow' },
      { name: 'x', scopes, expiresAt: '2020-01-01T00:00:00Z' },
      { name: 'x', scopes, expiresAt: '2099-02-30T00:00:00Z' },
      { name: 'x', scopes, expiresAt: 4_102_444_800 },
    ]) {
      await refuses(system().http, 'POST', '/v1/api-keys', body);
    }
    const far = await system().http.post('/v1/api-keys', {
      name: ' x ',
      scopes,
      expiresAt: '9999-12-31T23:59:59+14:00',
    });
    expect(far.status).toBe(201);
    expect(exactly(apiKeyWithSecretSchema, far.body)).toMatchObject({
      name: 'x',
      expiresAt: '9999-12-31T09:59:59.000Z',
    });
  });
}
