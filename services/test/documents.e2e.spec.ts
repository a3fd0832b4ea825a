import {
  CATALOGUE,
  routes,
  type ContainerView,
  type OperationView,
  type Route,
  type SnapshotView,
  type TaskView,
} from '#contracts';
import { waitFor, type Answer } from '#testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { z } from 'zod';
import { operationOf, type TestBot } from './support/bot.js';
import { exactly, expectProblem } from './support/exact.js';
import { referencesIn, validatorOf, type OpenApi, type OpenApiOperation } from './support/openapi.js';
import { startSilentRegistry, type SilentRegistry } from './support/silent-registry.js';
import { startSystem, type System } from './support/system.js';
import { makeTenant } from './support/tenants.js';
import { Inside } from './workspace/inside.js';

let system: System;
let registry: SilentRegistry;
let document: OpenApi;
/** Lived, crashed, failed, and busy: so that every member of every answer is filled somewhere. */
let snapshots: SnapshotView[];
let task: TaskView;
let bots: { running: TestBot; failed: TestBot; busy: TestBot; gone: TestBot };

beforeAll(async () => {
  [system, registry] = await Promise.all([startSystem(), startSilentRegistry()]);
  document = (await system.http.get('/openapi.json')).body as OpenApi;
  const [running, failed, busy, gone] = ['running', 'failed', 'busy', 'gone'].map((name) => system.bot(name));
  if (!running || !failed || !busy || !gone) throw new Error('there are no bots');
  bots = { running, failed, busy, gone };
  const env = { TZ: 'UTC' };
  await running.run('create', { start: true, env, labels: { team: 'blue' }, network: 'none' });
  await running.run('stop', { timeoutSeconds: 1 });
  await running.run('start');
  const snapshot = await running.snapshot('documented', { description: 'as it was' });
  snapshots = [snapshot, await running.snapshot('child', { scope: 'container' })];
  task = await new Inside(running).start('echo documented', { name: 'documented' });
  await failed.finish('create', { start: true, command: ['/bin/no-such-program'] });
  await gone.run('create');
  await gone.run('delete');
  await busy.send('create', { image: registry.image, start: true });
  await busy.send('stop', { timeoutSeconds: 3 });
  await waitFor(async () => (await busy.get()).operation?.phase === 'pulling', { what: 'the pull to be told' });
});
afterAll(async () => {
  await registry?.close();
  await system?.stop();
});

describe('the system’s own calls', () => {
  test('livez and readyz', async () => {
    expect(await system.http.get('/livez')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await system.http.get('/readyz')).toMatchObject({
      status: 200,
      body: { status: 'ok', checks: { database: true, queue: true } },
    });
  });

  test('metrics are Prometheus’s text, of what has happened', async () => {
    const { status, headers, body } = await system.http.get('/metrics');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const lines = (body as string).split('\n').filter((line) => line !== '');
    for (const line of lines)
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{.*\})? (-?[\d.]+(e[+-]?\d+)?|NaN|\+Inf))$/);
    const sample = (name: string): string[] => lines.filter((line) => line.startsWith(name) && !line.endsWith(' 0'));
    for (const name of ['berth_operations_accepted_total', 'berth_http_request_duration_seconds_count']) {
      expect(sample(name)).not.toEqual([]);
    }
    // Nothing in it grows with the number of bots.
    expect(body).not.toContain(bots.running.id);
  });

  test('the documentation is a page that has all of its parts', async () => {
    const client = system.services.http(null);
    const page = await client.get('/docs');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const html = page.body as string;
    const parts = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(parts.length).toBeGreaterThanOrEqual(3);
    for (const path of parts) {
      // From this process alone: a closed network has no CDN.
      expect(path).toMatch(/^\/docs\//);
      const part = await client.get(path);
      expect(part.status).toBe(200);
      expect(part.headers.get('content-type')).toMatch(path.endsWith('.css') ? /^text\/css/ : /^text\/javascript/);
      expect((part.body as string).length).toBeGreaterThan(50);
    }
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(html).not.toMatch(/<script>|onload=/);
  });

  test('a problem’s type leads to its description', async () => {
    const problem = expectProblem(await system.http.get('/v1/bots/nobody/container'), 404, 'bot_not_found');
    const [path = '', anchor = ''] = problem.type.split('#');
    const page = await system.services.http(null).get(path);
    expect(page.status).toBe(200);
    expect(page.body).toContain(`id="${anchor}"`);
    for (const code of Object.keys(CATALOGUE)) expect(page.body).toContain(`id="${code}"`);
  });
});

describe('the OpenAPI document', () => {
  const operations = (): [string, string, OpenApiOperation][] =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]): [string, string, OpenApiOperation] => [
        path,
        method,
        operation,
      ]),
    );

  test('is of version 3.1, and public', async () => {
    const answer = await system.services.http(null).get('/openapi.json');
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(document.openapi).toMatch(/^3\.1\.\d$/);
  });

  test('describes each call of the contract once, with its parameters, answers and problems', () => {
    expect(
      operations()
        .map(([, , { operationId }]) => operationId)
        .sort(),
    ).toEqual(Object.keys(routes).sort());
    for (const [path, method, operation] of operations()) {
      const route = (routes as Record<string, Route>)[operation.operationId];
      expect([path.replaceAll(/\{(\w+)\}/g, ':$1'), method.toUpperCase()]).toEqual([route?.path, route?.method]);
      const inPath = operation.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
      expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
      for (const status of [...Object.keys(route?.answers ?? {}), '400', '401', '403', '500']) {
        expect(operation.responses[status]?.description).toBeTruthy();
      }
    }
  });

  test('refers to nothing that it has not', () => {
    const references = new Set(referencesIn(document));
    expect(references.size).toBeGreaterThan(5);
    const known = Object.entries(document.components).flatMap(([section, members]) =>
      Object.keys(members).map((name) => `#/components/${section}/${name}`),
    );
    expect([...references].filter((reference) => !known.includes(reference))).toEqual([]);
  });

  test('asks of a request no more than the API does', () => {
    // What has a default may be left out, and the document must not ask for it.
    const { ContainerCreate: create, ContainerStop: stop, ApiKeyCreate: key } = document.components.schemas;
    expect([create?.required, stop?.required, key?.required]).toEqual([undefined, undefined, ['name', 'scopes']]);
    const schemaOf = (id: string): z.ZodType => {
      const found = operations().find(([, , { operationId }]) => operationId === id);
      const schema = found?.[2].requestBody?.content['application/json']?.schema;
      if (!schema) throw new Error(`${id} takes no body`);
      return validatorOf(document, schema);
    };
    for (const [id, body, accepted] of [
      ['createContainer', {}, true],
      ['createContainer', { start: true, resources: { cpus: 2 }, env: { A: '1' }, command: ['x'] }, true],
      ['createContainer', { start: 'yes' }, false],
      ['createContainer', { more: 1 }, false],
      ['stopContainer', {}, true],
      ['stopContainer', { timeoutSeconds: 301 }, false],
      ['startContainer', {}, true],
      ['startContainer', { more: 1 }, false],
      ['createApiKey', { name: 'x', scopes: ['containers:read'] }, true],
      ['createApiKey', { name: 'x' }, false],
      ['createTenant', { name: 'x' }, true],
    ] as const) {
      expect({ id, body, accepted: schemaOf(id).safeParse(body).success }).toEqual({ id, body, accepted });
    }
  });
});

describe('real answers are what the contract and the document say', () => {
  /** One by one, what each call that reads is asked. */
  const asked = (): Record<string, string[]> => {
    const { running, failed, busy, gone } = bots;
    const all = [running, failed, busy, gone];
    return {
      listBots: [
        '/v1/bots',
        '/v1/bots?limit=1',
        '/v1/bots?status=creating',
        '/v1/bots?status=failed',
        '/v1/bots?q=none',
      ],
      getContainer: all.map((bot) => bot.path()),
      listSnapshots: [running, gone].map((bot) => `/v1/bots/${bot.id}/snapshots`),
      getSnapshot: snapshots.map(({ id }) => `/v1/bots/${running.id}/snapshots/${id}`),
      containerStats: [running.path('/stats')],
      containerLogs: [running.path('/logs'), failed.path('/logs?tail=1')],
      listTasks: [`/v1/bots/${running.id}/tasks`, `/v1/bots/${running.id}/tasks?status=exited`],
      getTask: [`/v1/bots/${running.id}/tasks/${task.id}`],
      taskLogs: [`/v1/bots/${running.id}/tasks/${task.id}/logs`],
      listFiles: ['path=/', 'path=/etc&limit=1', 'path=/data'].map((query) => `/v1/bots/${running.id}/files?${query}`),
      readFile: [`/v1/bots/${running.id}/files/content?path=/etc/passwd`],
      readArchive: [`/v1/bots/${running.id}/files/archive?path=/etc/passwd`],
      listOperations: [
        '/v1/operations',
        '/v1/operations?limit=2',
        '/v1/operations?status=running',
        '/v1/operations?status=failed',
      ],
      getOperation: [],
      botEvents: all.map((bot) => `/v1/bots/${bot.id}/events`),
      tenantEvents: ['/v1/events', '/v1/events?limit=3'],
      whoami: ['/v1/whoami'],
      listApiKeys: ['/v1/api-keys'],
      listNodes: ['/v1/nodes'],
      getNode: [`/v1/nodes/${system.services.nodeId}`],
    };
  };
  const check = (route: Route, answer: Answer): void => {
    const schema = route.answers[answer.status];
    const type = answer.headers.get('content-type') ?? '';
    const { responses }: Pick<OpenApiOperation, 'responses'> = document.paths[
      route.path.replaceAll(/:(\w+)/g, '{$1}')
    ]?.[route.method.toLowerCase()] ?? {
      responses: {},
    };
    if (typeof schema === 'string') {
      expect(type.startsWith(schema)).toBe(true);
      return;
    }
    if (!schema) throw new Error(`${route.id} answered ${answer.status}, which the contract does not know`);
    expect(type).toMatch(/^application\/json/);
    exactly(schema, answer.body);
    const described = responses[answer.status]?.content?.['application/json']?.schema;
    if (!described) throw new Error(`${route.id}: the document has no schema for ${answer.status}`);
    validatorOf(document, described).parse(answer.body);
  };

  const reading = Object.values<Route>(routes).filter(({ method }) => method === 'GET');
  test.each(reading.map((route) => [route.id, route] as const))('%s', async (id, route) => {
    await makeTenant(system);
    let paths = asked()[id];
    if (!paths) throw new Error(`nothing is asked of ${id}: say what`);
    if (id === 'getOperation') {
      const { items } = (await system.http.get('/v1/operations')).body as { items: OperationView[] };
      expect(new Set(items.map(({ status }) => status)).size).toBeGreaterThanOrEqual(4);
      paths = items.map((operation) => `/v1/operations/${operation.id}`);
    }
    for (const path of paths) {
      const answer = await system.http.get(path);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('x-request-id')).toBeTruthy();
      check(route, answer);
    }
  });

  test('calls that write: an operation, a no-op, a key, a tenant, a cancelled one', async () => {
    const { running, busy } = bots;
    check(routes.startContainer, await running.ask('start'));
    check(routes.restartContainer, await running.ask('restart'));
    const cancelled = await system.http.post(`/v1/operations/${operationOf(await busy.ask('delete')).id}/cancel`);
    check(routes.cancelOperation, cancelled);
    const workspace = `/v1/bots/${running.id}`;
    await waitFor(async () => (await running.get()).operation === null, { what: 'the restart' });
    check(routes.exec, await system.http.post(`${workspace}/exec`, { command: 'echo hi' }));
    const begun = await system.http.post(`${workspace}/tasks`, { command: 'sleep 100' });
    check(routes.createTask, begun);
    check(routes.endTask, await system.http.delete(`${workspace}/tasks/${(begun.body as TaskView).id}`));
    const files = `${workspace}/files`;
    const write = (path: string, body: Buffer): Promise<Answer> => system.http.request('PUT', path, { body });
    check(routes.writeFile, await write(`${files}/content?path=/data/a`, Buffer.from('a')));
    check(routes.writeFile, await write(`${files}/content?path=/data/a`, Buffer.from('b')));
    check(routes.createDirectory, await system.http.post(`${files}/directories`, { path: '/data/d' }));
    check(routes.moveFile, await system.http.post(`${files}/move`, { from: '/data/a', to: '/data/d/a' }));
    check(routes.writeArchive, await write(`${files}/archive?path=/data/d`, Buffer.alloc(1024)));
    expect(await system.http.delete(`${files}?path=/data/d/a`)).toMatchObject({ status: 204, body: '' });
    check(routes.updateContainer, await system.http.request('PATCH', running.path(), { body: { labels: { a: 'b' } } }));
    check(routes.createSnapshot, await running.askSnapshot('POST', '', { name: 'written' }));
    const [parent, child] = snapshots;
    check(routes.restoreSnapshot, await running.askSnapshot('POST', `/${parent?.id}/restore`, {}));
    check(routes.deleteSnapshot, await running.askSnapshot('DELETE', `/${child?.id}`));
    check(routes.createTenant, await system.http.post('/v1/tenants', { name: `documents ${Date.now()}` }));
    const key = await system.http.post('/v1/api-keys', { name: 'documents', scopes: ['audit:read'] });
    check(routes.createApiKey, key);
    const deleted = await system.http.delete(`/v1/api-keys/${(key.body as { id: string }).id}`);
    expect(deleted).toMatchObject({ status: 204, body: '' });
  });

  test('between them, the answers fill every member that may be null', async () => {
    const views = await Promise.all(Object.values(bots).map((bot) => bot.get()));
    const filled = (name: keyof ContainerView): boolean => views.some((view) => view[name] !== null);
    const nullable: (keyof ContainerView)[] = [
      'containerId',
      'image',
      'node',
      'resources',
      'network',
      'currentSnapshotId',
      'lastError',
      'exit',
      'startedAt',
    ];
    expect(nullable.filter((name) => !filled(name))).toEqual([]);
  });

  test('lists page through everything once', async () => {
    for (const bot of Object.values(bots)) {
      await waitFor(
        async () => {
          const { operation, queued } = await bot.get();
          return operation === null && queued === 0;
        },
        { what: `${bot.id} to be idle`, deadlineMs: 30_000 },
      );
    }
    for (const [path, key] of [
      ['/v1/bots', 'botId'],
      ['/v1/operations', 'id'],
      ['/v1/events', 'cursor'],
      ['/v1/api-keys', 'id'],
      ['/v1/nodes', 'id'],
      [`/v1/bots/${bots.running.id}/snapshots`, 'id'],
    ] as const) {
      const whole = (await system.http.get(`${path}?limit=100`)).body as { items: Record<string, unknown>[] };
      const seen: unknown[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
        const { body } = await system.http.get(`${path}?limit=2${query}`);
        const page = body as { items: Record<string, unknown>[]; nextCursor: string | null };
        expect(page.items.length).toBeLessThanOrEqual(2);
        seen.push(...page.items.map((item) => item[key]));
        cursor = page.nextCursor;
      }
      expect(seen).toEqual(whole.items.map((item) => item[key]));
      expect(new Set(seen).size).toBe(seen.length);
    }
  });
});
