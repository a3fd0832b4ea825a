import { describe, expect, test } from '@jest/globals';
import { OPERATION_ERROR_CODES, Refusal } from '#domain';
import { readFileSync } from 'node:fs';
import { CATALOGUE, OPERATION_ERRORS, routes, type ProblemCode, type Route } from '../index.js';

/** API.md's table, as far as this much of Berth can answer with it. */
const TABLE: [number, string][] = [
  [400, 'validation_failed'],
  [401, 'unauthenticated'],
  [403, 'forbidden'],
  [
    404,
    'bot_not_found container_not_found snapshot_not_found operation_not_found node_not_found file_not_found task_not_found',
  ],
  [409, 'invalid_transition name_taken idempotency_in_progress container_not_running snapshot_busy'],
  [412, 'version_mismatch'],
  [413, 'payload_too_large'],
  [422, 'idempotency_key_reused'],
  [429, 'quota_exceeded'],
  [503, 'no_capacity node_unavailable'],
];
const published = TABLE.flatMap(([status, codes]) => codes.split(' ').map((code) => ({ code, status })));

describe('the catalogue', () => {
  test.each(published)('$code is answered with $status', ({ code, status }) => {
    expect(CATALOGUE[code as ProblemCode]).toMatchObject({ status });
  });

  test('beyond the table has only what needs no promise', () => {
    const known = new Set(published.map(({ code }) => code));
    const beyond = Object.entries(CATALOGUE).filter(([code]) => !known.has(code));
    expect(Object.fromEntries(beyond.map(([code, { status }]) => [code, status]))).toEqual({
      route_not_found: 404,
      api_key_not_found: 404,
      terminal_not_found: 404,
      internal_error: 500,
      unavailable: 503,
      image_lacks_program: 409,
      file_conflict: 409,
      range_not_satisfiable: 416,
      disk_full: 507,
    });
  });

  test('says what it is and what to do, in a line each', () => {
    for (const { title, hint } of Object.values(CATALOGUE)) {
      expect(title).toMatch(/^[A-Z][^\n.]{5,60}$/);
      expect(hint).toMatch(/^[A-Z][^\n]{5,160}\.$/);
    }
  });

  test('calls retryable what may pass by itself', () => {
    const retryable = Object.entries(CATALOGUE).filter(([, entry]) => entry.retryable);
    expect(retryable.map(([code]) => code).sort()).toEqual([
      'idempotency_in_progress',
      'internal_error',
      'no_capacity',
      'node_unavailable',
      'quota_exceeded',
      'snapshot_busy',
      'unavailable',
    ]);
    for (const [, { status }] of retryable) expect([409, 429, 500, 503]).toContain(status);
  });

  test('has every code that a refusal of the rules may carry', () => {
    const source = readFileSync(new URL('../../domain/refusal.ts', import.meta.url), 'utf8');
    const codes = [...(source.split('RefusalCode =')[1] ?? '').matchAll(/\| '(\w+)'/g)].map(([, code]) => code);
    expect(codes).toContain('invalid_transition');
    for (const code of codes) expect(CATALOGUE).toHaveProperty(code ?? '');
    expect(new Refusal('name_taken', 'x').extra).toEqual({});
  });
});

test('the error codes of operations are API.md’s, each with what to do', () => {
  const codes =
    'image_not_found image_pull_failed docker_unavailable docker_error disk_full deadline_exceeded ' +
    'attempts_exhausted predecessor_failed cancelled node_lost start_failed';
  expect([...OPERATION_ERROR_CODES]).toEqual(codes.split(' '));
  expect(Object.keys(OPERATION_ERRORS)).toEqual(codes.split(' '));
});

describe('the routes', () => {
  const all = Object.entries<Route>(routes);

  test('are API.md’s, as far as they are built', () => {
    const container = '/v1/bots/:botId/container';
    expect(all.map(([, { method, path }]) => `${method} ${path}`).sort()).toEqual(
      [
        'GET /v1/bots',
        `POST ${container}`,
        `GET ${container}`,
        `DELETE ${container}`,
        `PATCH ${container}`,
        `POST ${container}/start`,
        `POST ${container}/stop`,
        `POST ${container}/restart`,
        `POST ${container}/pause`,
        `POST ${container}/resume`,
        `GET ${container}/stats`,
        `GET ${container}/logs`,
        'GET /v1/bots/:botId/snapshots',
        'POST /v1/bots/:botId/snapshots',
        'GET /v1/bots/:botId/snapshots/:id',
        'DELETE /v1/bots/:botId/snapshots/:id',
        'POST /v1/bots/:botId/snapshots/:id/restore',
        'GET /v1/bots/:botId/files',
        'DELETE /v1/bots/:botId/files',
        'GET /v1/bots/:botId/files/content',
        'PUT /v1/bots/:botId/files/content',
        'POST /v1/bots/:botId/files/directories',
        'POST /v1/bots/:botId/files/move',
        'GET /v1/bots/:botId/files/archive',
        'PUT /v1/bots/:botId/files/archive',
        'POST /v1/bots/:botId/exec',
        'POST /v1/bots/:botId/tasks',
        'GET /v1/bots/:botId/tasks',
        'GET /v1/bots/:botId/tasks/:id',
        'GET /v1/bots/:botId/tasks/:id/logs',
        'DELETE /v1/bots/:botId/tasks/:id',
        'GET /v1/operations',
        'GET /v1/operations/:id',
        'POST /v1/operations/:id/cancel',
        'GET /v1/bots/:botId/events',
        'GET /v1/events',
        'POST /v1/api-keys',
        'GET /v1/api-keys',
        'DELETE /v1/api-keys/:id',
        'POST /v1/tenants',
        'GET /v1/whoami',
        'GET /v1/nodes',
        'GET /v1/nodes/:id',
      ].sort(),
    );
  });

  test.each(all)('%s: id, parameters, keys and answers agree', (id, route) => {
    expect(route.id).toBe(id);
    expect(route.idempotent).toBe(route.method !== 'GET');
    if (route.method === 'GET' || route.method === 'DELETE') expect(route.body).toBeNull();
    // What is passed on as it comes is no body that is read.
    else expect(route.body === null).toBe(route.upload !== null);
    const sample = { botId: 'alice', id: 'x' };
    const names = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name as keyof typeof sample);
    const params = Object.fromEntries(names.map((name) => [name, sample[name]]));
    expect(route.params.safeParse(params).success).toBe(true);
    expect(route.params.safeParse({ ...params, more: 'x' }).success).toBe(false);
    // What answers an operation has a bot to answer 412 and 404 about.
    if (202 in route.answers) expect(route.problems).toContain('version_mismatch');
    for (const code of route.problems) expect(CATALOGUE).toHaveProperty(code);
  });
});
