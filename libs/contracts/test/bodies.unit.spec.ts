import { describe, expect, test } from '@jest/globals';
import { EVENT_TYPES } from '#domain';
import { type z } from 'zod';
import {
  createBody,
  eventSchema,
  MAX_ENTRIES,
  routes,
  SCOPES,
  stopBody,
  subscribeMessage,
  unsubscribeMessage,
} from '../index.js';

const takes = (schema: z.ZodType, value: unknown): boolean => schema.safeParse(value).success;
const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i}`, 'x']));

describe('create', () => {
  test('has its defaults', () => {
    expect(createBody.parse({})).toEqual({
      start: false,
      resources: {},
      env: {},
      network: 'internet',
      labels: {},
      autoStopSeconds: 0,
    });
  });

  test('takes all there is', () => {
    const body = {
      image: 'debian:12',
      start: true,
      resources: { cpus: 0.5, memoryMb: 128, pids: 64 },
      env: { TZ: 'UTC', _x1: '', A: 'line\nline "quoted" 😀' },
      command: ['sh', '-c', ''],
      network: 'none',
      labels: { team: 'a', 'a/b.c_d-e': 'x' },
      autoStopSeconds: 0,
    };
    expect(createBody.parse(body)).toEqual(body);
  });

  test.each([
    ['an unknown member', { privileged: true }],
    ['an unknown resource', { resources: { gpus: 1 } }],
    ['a snapshot that is no id', { fromSnapshot: 'x' }],
    ['an image beside a snapshot', { image: 'debian:12', fromSnapshot: '0199a0f0-0000-7000-8000-000000000000' }],
    ['a number for a flag', { start: 1 }],
    ['a text for a flag', { start: 'true' }],
    ['null for what may be left out', { image: null }],
    ['another network', { network: 'host' }],
    ['an auto stop beyond a year', { autoStopSeconds: 31_536_001 }],
    ['a name of env that is ours', { env: { __BERTH_RUN: 'x' } }],
    ['a negative auto stop', { autoStopSeconds: -1 }],
    ['a command as one text', { command: 'sleep 1' }],
    ['a command of nothing', { command: [] }],
    ['a command without a program', { command: ['', 'x'] }],
    ['a command of too many words', { command: Array.from({ length: 257 }, () => 'x') }],
    ['a word too long', { command: ['x'.repeat(32_769)] }],
    ['a list of env', { env: ['A=1'] }],
    ['a number in env', { env: { A: 1 } }],
    ['too long a value in env', { env: { A: 'x'.repeat(32_769) } }],
    ['too many of env', { env: many(MAX_ENTRIES + 1) }],
    ['too many labels', { labels: many(MAX_ENTRIES + 1) }],
    ['too long a value of a label', { labels: { a: 'x'.repeat(1_025) } }],
    ['no object', []],
    ['nothing', null],
  ])('refuses %s', (_, body) => {
    expect(takes(createBody, body)).toBe(false);
  });

  test.each([
    ['cpus', 0.01, 0.009],
    ['cpus', 1_024, 1_025],
    ['memoryMb', 6, 5],
    ['memoryMb', 16_777_216, 16_777_217],
    ['memoryMb', 512, 512.5],
    ['pids', 2, 1],
    ['pids', 4_194_304, 4_194_305],
    ['pids', 64, 64.5],
    ['cpus', 1, Number.NaN],
    ['cpus', 1, Number.POSITIVE_INFINITY],
  ])('%s may be %s and not %s', (name, good, bad) => {
    expect(takes(createBody, { resources: { [name]: good } })).toBe(true);
    expect(takes(createBody, { resources: { [name]: bad } })).toBe(false);
  });

  test('takes as many entries and as long values as it says', () => {
    expect(takes(createBody, { env: many(MAX_ENTRIES), labels: many(MAX_ENTRIES) })).toBe(true);
    const long = { env: { A: 'x'.repeat(32_768) }, command: Array.from({ length: 256 }, () => 'x') };
    expect(takes(createBody, { ...long, labels: { a: 'x'.repeat(1_024) } })).toBe(true);
  });

  test.each(['TZ', '_', 'a', 'A1_b', 'A'.repeat(256)])('env takes the name %s', (name) => {
    expect(takes(createBody, { env: { [name]: 'x' } })).toBe(true);
  });

  test.each(['', '1A', 'A-B', 'A.B', 'A B', 'A=B', 'Ä', 'A\n', '$A', 'A;reboot', 'A'.repeat(257)])(
    'env refuses the name %j',
    (name) => {
      expect(takes(createBody, { env: { [name]: 'x' } })).toBe(false);
    },
  );

  test.each(['team', 'a', '1', 'A.b/c-d_e', 'x'.repeat(128)])('labels take the name %s', (name) => {
    expect(takes(createBody, { labels: { [name]: '' } })).toBe(true);
  });

  test.each(['', '-a', 'a-', '.a', 'a/', 'a b', 'ä', 'a\n', 'x'.repeat(129)])('labels refuse the name %j', (name) => {
    expect(takes(createBody, { labels: { [name]: '' } })).toBe(false);
  });

  test('tells where the fault is', () => {
    const issues = createBody.safeParse({ env: { A: 1 }, resources: { cpus: 0 }, command: [''] }).error?.issues ?? [];
    expect(issues.map(({ path }) => path.join('.')).sort()).toEqual(['env.A', 'resources.cpus']);
    const later = createBody.safeParse({ command: [''] }).error?.issues ?? [];
    expect(later.map(({ path }) => path.join('.'))).toEqual(['command.0']);
  });
});

describe('the other calls', () => {
  test('a stop waits ten seconds by default, at most 300', () => {
    expect(stopBody.parse({})).toEqual({ timeoutSeconds: 10 });
    for (const timeoutSeconds of [0, 300]) expect(takes(stopBody, { timeoutSeconds })).toBe(true);
    for (const timeoutSeconds of [-1, 301, 1.5, '10', null]) expect(takes(stopBody, { timeoutSeconds })).toBe(false);
    expect(takes(stopBody, { timeout: 1 })).toBe(false);
  });

  test.each(['startContainer', 'restartContainer', 'pauseContainer', 'resumeContainer', 'cancelOperation'] as const)(
    '%s takes nothing',
    (id) => {
      expect(routes[id].body.safeParse({})).toMatchObject({ success: true });
      expect(takes(routes[id].body, { force: true })).toBe(false);
    },
  );

  test('queries have their defaults and limits', () => {
    expect(routes.listBots.query.parse({})).toEqual({ limit: 50 });
    expect(routes.deleteContainer.query.parse({})).toEqual({ purgeData: false });
    expect(routes.deleteContainer.query.parse({ purgeData: 'true' })).toEqual({ purgeData: true });
    expect(routes.containerLogs.query.parse({})).toEqual({ tail: 200, follow: false });
    expect(routes.getOperation.query.parse({})).toEqual({ wait: 0 });
    expect(takes(routes.listBots.query, { limit: '0' })).toBe(false);
    expect(takes(routes.listBots.query, { limit: '101' })).toBe(false);
    expect(takes(routes.listBots.query, { limit: ['1', '2'] })).toBe(false);
    expect(takes(routes.listBots.query, { status: 'asleep' })).toBe(false);
    expect(takes(routes.getOperation.query, { wait: '61' })).toBe(false);
    expect(takes(routes.containerLogs.query, { tail: '10001' })).toBe(false);
    for (const { query } of Object.values(routes)) expect(takes(query, { unknown: '1' })).toBe(false);
  });

  test('a key has a name, at least one scope and none twice', () => {
    const { body } = routes.createApiKey;
    expect(body.parse({ name: '  ci  ', scopes: [...SCOPES] }).name).toBe('ci');
    const good = { name: 'ci', scopes: ['audit:read'] };
    expect(takes(body, { ...good, expiresAt: '2027-01-01T00:00:00+02:00' })).toBe(true);
    expect(takes(body, { ...good, expiresAt: null })).toBe(true);
    for (const bad of [
      { name: ' ' },
      { name: 'a\nb' },
      { name: 'x'.repeat(129) },
      { scopes: [] },
      { scopes: ['audit:read', 'audit:read'] },
      { scopes: ['root'] },
      { expiresAt: 'tomorrow' },
      { secret: 'mine' },
    ]) {
      expect(takes(body, { ...good, ...bad })).toBe(false);
    }
  });

  test('a socket asks for a bot or for all', () => {
    expect(takes(subscribeMessage, { botId: 'a', after: 0 })).toBe(true);
    expect(takes(subscribeMessage, { all: true, cursor: '12-3' })).toBe(true);
    expect(takes(unsubscribeMessage, { all: true })).toBe(true);
    for (const bad of [
      {},
      { all: false },
      { botId: 'a', all: true },
      { botId: 'a', after: -1 },
      { botId: 'a', after: 2_147_483_648 },
      { all: true, cursor: "1'" },
    ]) {
      expect(takes(subscribeMessage, bad)).toBe(false);
    }
    expect(EVENT_TYPES).toContain(eventSchema.shape.type.parse('container.status'));
  });
});
