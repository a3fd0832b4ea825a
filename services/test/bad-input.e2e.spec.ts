import { apiKeyWithSecretSchema, operationPage, type OperationView } from '#contracts';
import { httpClient, type Answer } from '#testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { operationOf } from './support/bot.js';
import { exactly, expectProblem, problemOf } from './support/exact.js';
import { rawRequest } from './support/raw-http.js';
import { startSystem, type System } from './support/system.js';

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system?.stop());

const JSON_TYPE = { 'content-type': 'application/json' };
/** Sends a body as it is, and expects what every malformed request is answered. */
const refuses = async (method: string, path: string, body: unknown, headers = {}): Promise<Answer> => {
  const answer = await system.http.request(method, path, { body, headers });
  expectProblem(answer, 400, 'validation_failed');
  return answer;
};
const pathsOf = (answer: Answer): string[] => problemOf(answer).errors?.map(({ path }) => path) ?? [];

describe('bodies', () => {
  test('what is not JSON, or no object', async () => {
    const { id } = system.bot('json');
    const create = `/v1/bots/${id}/container`;
    for (const body of ['{', '{"start":', 'start=true', '\u0000', '{"start":true}}', '[1,2', "{'start':true}", '   ']) {
      await refuses('POST', create, body);
    }
    for (const body of ['[]', 'null', '"text"', '7', 'true', '[{"start":true}]']) {
      const answer = await system.http.request('POST', create, { body });
      // `null` is no body at all, for which every member has a default.
      if (body !== 'null') expectProblem(answer, 400, 'validation_failed');
      else expect(answer.status).toBeLessThan(500);
    }
    const notUtf8 = Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]);
    await refuses('POST', create, notUtf8);
  });

  test('unknown members and prototypes, each named', async () => {
    const create = system.bot('unknown').path();
    const unknown = await refuses('POST', create, { start: false, more: 1, resources: { gpus: 2, disk: 1 } });
    expect(pathsOf(unknown).sort()).toEqual(['more', 'resources.disk', 'resources.gpus']);
    await refuses('POST', create, '{"__proto__": {"start": true}}');
    await refuses('POST', create, '{"constructor": {"prototype": {"start": true}}}');
    await refuses('POST', create, '{"env": {"__proto__": {"A": "1"}}}');
    await refuses('POST', create, '{"labels": {"constructor": 1}}');
    await refuses('POST', create, '{"resources": {"__proto__": {"cpus": 1}}}');
    for (const verb of ['start', 'restart', 'pause', 'resume'])
      await refuses('POST', `${create}/${verb}`, { now: true });
    await refuses('POST', `${create}/stop`, { timeoutSeconds: 1, force: true });
    await refuses('POST', '/v1/api-keys', { name: 'x', scopes: ['containers:read'], secret: 'mine' });
    await refuses('POST', '/v1/tenants', { name: 'x', slug: 'y' });
    expectProblem(await system.bot('unknown').ask('start'), 404, 'bot_not_found');
  });

  test('wrong types and values out of range', async () => {
    const bot = system.bot('types');
    const wrong: Record<string, unknown>[] = [
      { start: 'yes' },
      { start: 1 },
      { image: 7 },
      { image: '' },
      { image: 'UPPER/Case' },
      { image: 'a b' },
      { image: '-x' },
      { image: 'x:' },
      { image: `x@sha256:${'0'.repeat(63)}` },
      { image: `x${'/y'.repeat(300)}` },
      { image: '../../etc/passwd' },
      { image: 'x?tag=1' },
      { resources: [] },
      { resources: { cpus: '1' } },
      { resources: { cpus: 0 } },
      { resources: { cpus: -1 } },
      { resources: { cpus: 1e9 } },
      { resources: { memoryMb: 5 } },
      { resources: { memoryMb: 64.5 } },
      { resources: { memoryMb: 9_007_199_254_740_993 } },
      { resources: { pids: 1 } },
      { resources: { pids: null } },
      { env: [] },
      { env: { 'NO-NAME': '1' } },
      { env: { '': '1' } },
      { env: { '1A': '1' } },
      { env: { A: 1 } },
      { env: { A: 'x'.repeat(32_769) } },
      { env: Object.fromEntries(Array.from({ length: 129 }, (_, i) => [`A${i}`, ''])) },
      { labels: { ' ': 'x' } },
      { labels: { a: 'x'.repeat(1_025) } },
      { command: 'sleep 1' },
      { command: [] },
      { command: [''] },
      { command: [1] },
      { command: Array.from({ length: 257 }, () => 'x') },
      { network: 'host' },
      { autoStopSeconds: -1 },
      { autoStopSeconds: 60 },
      { fromSnapshot: 'x' },
    ];
    for (const body of wrong) {
      const answer = await bot.askCreate(body);
      expect({ body, status: answer.status }).toEqual({ body, status: 400 });
      expect(pathsOf(expectValid(answer))[0]?.split('.')[0]).toBe(Object.keys(body)[0]);
    }
    for (const timeoutSeconds of [-1, 301, 1.5, '10', null]) {
      await refuses('POST', bot.path('/stop'), { timeoutSeconds });
    }
    expectProblem(await system.http.get(bot.path()), 404, 'bot_not_found');
  });

  test('NUL and lone surrogates in every text', async () => {
    const bot = system.bot('text');
    for (const bad of ['\\u0000', 'a\\u0000b', '\\ud800', 'x\\udfffy']) {
      for (const body of [
        `{"env":{"A":"${bad}"}}`,
        `{"env":{"${bad}":"1"}}`,
        `{"labels":{"a":"${bad}"}}`,
        `{"labels":{"${bad}":"1"}}`,
        `{"command":["echo","${bad}"]}`,
        `{"image":"${bad}"}`,
        `{"network":"${bad}"}`,
        `{"${bad}":1}`,
      ]) {
        await refuses('POST', bot.path(), body);
      }
      await refuses('POST', '/v1/api-keys', `{"name":"${bad}","scopes":["containers:read"]}`);
      await refuses('POST', '/v1/tenants', `{"name":"${bad}"}`);
    }
    // What is odd but text is taken as it is.
    const odd = { labels: { odd: '\u{1F600} \u202E \u2028 \u007f' }, env: { ODD: '\u0001\u{10FFFF}' } };
    await bot.run('create', odd);
    expect((await bot.get()).labels).toEqual(odd.labels);
  });

  test('too large a body gets 413, a wrong or doubtful content type 400', async () => {
    const bot = system.bot('large');
    const large = await system.http.post(bot.path(), `{"image":"${'x'.repeat(10 * 1024 * 1024)}"}`);
    expectProblem(large, 413, 'payload_too_large');
    expectProblem(await system.http.post(bot.path(), 'x'.repeat(256 * 1024 + 1)), 413, 'payload_too_large');
    const nested = `{"labels":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    await refuses('POST', bot.path(), nested);

    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'nonsense', '/']) {
      const answer = await refuses('POST', bot.path(), '{"start":true}', { 'content-type': type });
      expect(problemOf(answer).detail).toContain('application/json');
    }
    const text = await system.http.post(bot.path(), 'x'.repeat(10 * 1024 * 1024), { 'content-type': 'text/plain' });
    expectProblem(text, 400, 'validation_failed');
    // The connection is good for another request.
    expectProblem(await system.http.get(bot.path()), 404, 'bot_not_found');
  });

  test('an empty body is fine for verbs, whatever its type says', async () => {
    const bot = system.bot('empty');
    const created = await system.http.request('POST', bot.path(), { headers: { ...JSON_TYPE, prefer: 'wait=30' } });
    expect(operationOf(created).status).toBe('succeeded');
    for (const headers of [{}, JSON_TYPE]) {
      for (const verb of ['start', 'pause', 'resume', 'restart', 'stop']) {
        const answer = await system.http.request('POST', bot.path(`/${verb}`), {
          headers: { ...headers, prefer: 'wait=30' },
        });
        expect(operationOf(answer).status).toBe('succeeded');
      }
    }
    expect((await system.http.request('DELETE', bot.path(), { headers: JSON_TYPE })).status).toBe(202);
  });
});

describe('paths and queries', () => {
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
        const answer = await refuses(method, path, undefined);
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
        const answer = await system.http.request(method, path);
        const malformed = id.includes('%00') || id.length > 64;
        expectProblem(answer, malformed ? 400 : 404, malformed ? 'validation_failed' : code);
      }
    }
  });

  test('paths that no client should send', async () => {
    const { url, apiKey } = system.services;
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
      expectProblem(await system.http.get(path), 404, 'route_not_found');
    }
    for (const [method, path] of [
      ['PUT', '/v1/bots/a/container'],
      ['POST', '/v1/bots'],
      ['DELETE', '/v1/nodes/node-1'],
      ['PATCH', '/v1/api-keys/x'],
      ['GET', '/v1/tenants'],
      ['POST', '/livez'],
    ] as const) {
      expectProblem(await system.http.request(method, path), 404, 'route_not_found');
    }
  });

  test('limits, cursors, filters and flags', async () => {
    const lists = ['/v1/bots', '/v1/operations', '/v1/api-keys', '/v1/nodes', '/v1/events'];
    for (const path of lists) {
      for (const limit of ['0', '101', '1000000000', '1e9', 'abc', '-1', '1.5', '', ' 1', '0x10', '١']) {
        const answer = await refuses('GET', `${path}?limit=${encodeURIComponent(limit)}`, undefined);
        expect(pathsOf(answer)).toEqual(['query.limit']);
      }
      await refuses('GET', `${path}?limit=1&limit=2`, undefined);
      await refuses('GET', `${path}?unknown=1`, undefined);
      await refuses('GET', `${path}?__proto__=1`, undefined);
      await refuses('GET', `${path}?cursor=%00`, undefined);
      await refuses('GET', `${path}?cursor=${'x'.repeat(300)}`, undefined);
    }
    for (const path of ['/v1/operations', '/v1/api-keys', '/v1/events']) {
      for (const cursor of ['x', '1', '-', "1-2'", '..', '01a209ef-cbb6-71af-b0ef-878bcd87c9bg']) {
        await refuses('GET', `${path}?cursor=${encodeURIComponent(cursor)}`, undefined);
      }
    }
    for (const cursor of ['99999999999999999999-99999999999999999999', '0-0']) {
      expect((await system.http.get(`/v1/events?cursor=${cursor}`)).status).toBe(200);
    }
    for (const query of ['status=asleep', 'status=', `q=${'x'.repeat(65)}`, 'q=%00', 'node=%00', 'q[]=1']) {
      await refuses('GET', `/v1/bots?${query}`, undefined);
    }
    for (const query of ['q=%25', 'q=_', 'q=%5c', "q='", 'q=', 'q=%F4%8F%BF%BF', 'node=nowhere', 'cursor=~', 'q=%ff']) {
      expect((await system.http.get(`/v1/bots?${query}`)).status).toBe(200);
    }
    for (const query of ['botId=UPPER', 'status=done', 'kind=start', 'wait=1']) {
      await refuses('GET', `/v1/operations?${query}`, undefined);
    }
    const bot = system.bot('queries');
    await bot.run('create');
    for (const query of ['purgeData=yes', 'purgeData=1', 'purgeData=', 'force=true']) {
      await refuses('DELETE', bot.path(`?${query}`), undefined);
    }
    for (const after of ['-1', 'x', '1.5', '2147483648', '99999999999']) {
      await refuses('GET', `/v1/bots/${bot.id}/events?after=${after}`, undefined);
    }
    const { items } = exactly(operationPage, (await system.http.get(`/v1/operations?botId=${bot.id}`)).body);
    for (const wait of ['61', '-1', 'x'])
      await refuses('GET', `/v1/operations/${items[0]?.id}?wait=${wait}`, undefined);
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
      await refuses('POST', '/v1/api-keys', body);
    }
    const far = await system.http.post('/v1/api-keys', { name: ' x ', scopes, expiresAt: '9999-12-31T23:59:59+14:00' });
    expect(far.status).toBe(201);
    expect(exactly(apiKeyWithSecretSchema, far.body)).toMatchObject({
      name: 'x',
      expiresAt: '9999-12-31T09:59:59.000Z',
    });
  });
});

describe('containers that cannot be', () => {
  const failure = async (name: string, body: unknown): Promise<OperationView> => {
    const operation = await system.bot(name).finish('create', body);
    expect(operation.status).toBe('failed');
    return operation;
  };

  test('an image that no registry shows, and a registry that is not there', async () => {
    const [local, refused] = await Promise.all([
      failure('image-local', { image: 'berth/nowhere:1', start: true }),
      failure('image-refused', { image: 'localhost:1/x:y', start: true }),
    ]);
    expect(local).toMatchObject({ attempt: 1, error: { code: 'image_not_found', retryable: false } });
    expect(refused).toMatchObject({ error: { code: 'image_pull_failed' } });
    expect(refused.error?.message).not.toMatch(/dial|tcp|127\.0\.0\.1|ECONN/);
    for (const name of ['image-local', 'image-refused']) {
      const bot = system.bot(name);
      expect(await bot.get()).toMatchObject({ status: 'absent', containerId: null, operation: null, queued: 0 });
      expect(await bot.containers()).toEqual([]);
    }
  });

  test('a command that does not exist or cannot be run: start_failed, with its code, and the truth', async () => {
    for (const [name, command, code] of [
      ['no-command', ['/bin/no-such-program'], 127],
      ['no-program', ['/etc/passwd'], 126],
      ['ends-badly', ['/bin/sh', '-c', 'exit 42'], 42],
      ['ends-well', ['/bin/true'], 0],
    ] as const) {
      const operation = await failure(name, { start: true, command });
      expect(operation).toMatchObject({ attempt: 1, error: { code: 'start_failed', retryable: false } });
      expect(operation.error?.message).toContain(`exit code ${code}`);
      const bot = system.bot(name);
      const container = await bot.get();
      expect(container).toMatchObject({
        status: 'failed',
        lastError: { code: 'start_failed' },
        exit: { code, oomKilled: false, cause: 'start_failed' },
      });
      const info = await bot.inspect();
      expect(info.State).toMatchObject({ Running: false, Restarting: false, Status: 'exited' });
      const last = (await bot.events()).at(-1);
      expect(last?.data).toMatchObject({ status: 'failed', previousStatus: 'creating', container: { exit: { code } } });
      // Nor does a second start get further, and the bot is not stuck.
      expect(await bot.finish('start')).toMatchObject({ status: 'failed', error: { code: 'start_failed' } });
      await bot.run('delete');
      await bot.run('create', { start: true });
      expect(await bot.get()).toMatchObject({ status: 'running', exit: null, lastError: null });
    }
  });

  test('ten clients create one bot at once: one container', async () => {
    const bot = system.bot('ten');
    const body = { start: true, labels: { a: 'b' } };
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => httpClient(system.services.url, system.services.apiKey).post(bot.path(), body)),
    );
    const operations = answers.map(operationOf);
    expect(operations.filter(({ noop, joined }) => !noop && !joined)).toHaveLength(1);
    await system.watcher.status(bot, 'running');
    expect(await bot.containers()).toHaveLength(1);
    expect((await bot.get()).queued).toBe(0);
    expect((await bot.events()).filter(({ type }) => type === 'operation.queued')).toHaveLength(1);
  });

  test('what is asked of a bot that never was, and of one that is gone', async () => {
    const never = system.bot('never');
    for (const verb of ['start', 'stop', 'restart', 'pause', 'resume', 'delete'] as const) {
      expectProblem(await never.ask(verb), 404, 'bot_not_found');
    }
    for (const path of [never.path(), never.path('/stats'), never.path('/logs'), `/v1/bots/${never.id}/events`]) {
      expectProblem(await system.http.get(path), 404, 'bot_not_found');
      expectProblem(await system.http.get(path, { accept: 'text/event-stream' }), 404, 'bot_not_found');
    }
    const gone = system.bot('gone');
    await gone.run('create');
    await gone.run('delete');
    const problem = expectProblem(await gone.ask('start'), 409, 'invalid_transition');
    expect(problem).toMatchObject({ containerStatus: 'absent', allowed: expect.arrayContaining(['create']) });
  });
});

test('nothing of all this was an error of ours', async () => {
  const { body } = await system.http.get('/metrics');
  const failed = (body as string).split('\n').filter((line) => /status="5\d\d"/.test(line));
  expect(failed).toEqual([]);
  expect(system.services.api.logs()).not.toMatch(/"level":"(error|fatal)"/);
});

function expectValid(answer: Answer): Answer {
  expectProblem(answer, 400, 'validation_failed');
  return answer;
}
