import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { generateApiKey, hashSecret, parseApiKey, sameHash } from '../access/api-key.js';
import {
  acceptsEventStream,
  expectedVersion,
  idempotencyOf,
  preferredWait,
  requestIdOf,
  resumeAt,
} from '../http/headers.js';
import { ApiError } from '../http/problem.js';

const request = (headers: Record<string, string | string[]>, more: object = {}): FastifyRequest =>
  ({ headers, method: 'POST', url: '/v1/bots/alice/container', body: undefined, ...more }) as unknown as FastifyRequest;
const printable = fc.stringMatching(/^[\x20-\x7e]{1,255}$/);

function refused(run: () => unknown): ApiError {
  try {
    run();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('Prefer', () => {
  test.each([
    ['wait=1', 1],
    ['wait=60', 60],
    ['wait=61', 60],
    ['wait=999999', 60],
    ['WAIT=5', 5],
    ['wait = 5', 5],
    ['wait="5"', 5],
    ['respond-async, wait=10', 10],
    ['respond-async; wait=10, return=minimal', 10],
  ])('%s waits %s s', (prefer, seconds) => {
    expect(preferredWait(request({ prefer }))).toBe(seconds);
  });

  test.each(['', 'wait', 'wait=', 'wait=0', 'wait=-1', 'wait=x', 'wait=1.5', 'await=10', 'wait=10s', 'return=minimal'])(
    '%j does not wait',
    (prefer) => {
      expect(preferredWait(request({ prefer }))).toBeNull();
    },
  );

  test('may be missing', () => {
    expect(preferredWait(request({}))).toBeNull();
  });
});

describe('If-Match', () => {
  test.each([
    ['"12"', 12],
    [' "12" ', 12],
    ['"0"', 0],
    ['W/"12"', 12],
    ['*', null],
    [' * ', null],
  ])('%s expects %s', (value, version) => {
    expect(expectedVersion(request({ 'if-match': value }))).toBe(version);
  });

  test.each(['12', '""', '"x"', '"-1"', '"1.5"', '"1", "2"', '', '"1234567890"'])('%j is refused', (value) => {
    const error = refused(() => expectedVersion(request({ 'if-match': value })));
    expect(error).toMatchObject({ code: 'validation_failed', options: { errors: [{ path: 'If-Match' }] } });
  });

  test('may be missing', () => {
    expect(expectedVersion(request({}))).toBeNull();
  });
});

describe('Last-Event-ID', () => {
  test.each(['0-0', '12-34', '99999999999999999999-1'])('%s is where a stream resumes', (id) => {
    expect(resumeAt(request({ 'last-event-id': id }))).toBe(id);
  });

  test.each(['', 'x', '12', '1-2-3', ' 1-2', '1-2\n', '-1-2', '1-', `${'1'.repeat(21)}-1`])('%j is refused', (id) => {
    const error = refused(() => resumeAt(request({ 'last-event-id': id })));
    expect(error).toMatchObject({ code: 'validation_failed', options: { errors: [{ path: 'Last-Event-ID' }] } });
  });

  test('may be missing', () => {
    expect(resumeAt(request({}))).toBeUndefined();
  });
});

describe('Idempotency-Key', () => {
  const of = (key: string, more: object = {}) => idempotencyOf(request({ 'idempotency-key': key }, more));

  test('is kept as it is, whatever may be printed', () => {
    fc.assert(fc.property(printable, (key) => expect(of(key)).toMatchObject({ key })));
  });

  test.each(['', 'x'.repeat(256), 'ä', 'a\tb', 'a\0', 'a\x7f'])('%j is refused', (key) => {
    const error = refused(() => of(key));
    expect(error).toMatchObject({ code: 'validation_failed', options: { errors: [{ path: 'Idempotency-Key' }] } });
  });

  test('stands for the request: what is the same and what is not', () => {
    const first = of('k', { body: { a: 1, b: { c: [1, 2] } } })?.fingerprint;
    const same = (more: object) => of('k', { body: { a: 1, b: { c: [1, 2] } }, ...more })?.fingerprint === first;
    expect(same({ body: { b: { c: [1, 2] }, a: 1 } })).toBe(true);
    expect(same({ headers: { 'idempotency-key': 'k', prefer: 'wait=5' } })).toBe(true);
    expect(same({ body: { a: 1, b: { c: [2, 1] } } })).toBe(false);
    expect(same({ body: { a: '1', b: { c: [1, 2] } } })).toBe(false);
    expect(same({ method: 'DELETE' })).toBe(false);
    expect(same({ url: '/v1/bots/bob/container' })).toBe(false);
    expect(of('k', { body: {} })?.fingerprint).toBe(of('k')?.fingerprint);
    const judged = (version: string) =>
      of('k', { headers: { 'idempotency-key': 'k', 'if-match': version } })?.fingerprint;
    expect(judged('"1"')).toBe(judged(' "1" '));
    expect(new Set([judged('"1"'), judged('"2"'), judged('*'), of('k')?.fingerprint]).size).toBe(4);
  });

  test('shows nothing of the request', () => {
    expect(of('k', { body: { env: { TOKEN: 's3cret' } } })?.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  test('may be missing', () => {
    expect(idempotencyOf(request({}))).toBeNull();
  });
});

describe('X-Request-Id', () => {
  const of = (value?: string | string[]) =>
    requestIdOf({ headers: value === undefined ? {} : { 'x-request-id': value } } as unknown as IncomingMessage);

  test.each(['a', 'req-1', 'a.b_c:d@e/f+g=', 'x'.repeat(128)])('%s is taken', (value) => {
    expect(of(value)).toBe(value);
  });

  test.each(['', 'a b', 'a\nb', '"', 'ä', '{}', 'x'.repeat(129)])('%j is replaced', (value) => {
    expect(of(value)).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('is made where missing, and new each time', () => {
    expect(of()).not.toBe(of());
    expect(of(['first', 'second'])).toBe('first');
  });
});

test.each([
  ['text/event-stream', true],
  ['application/json, Text/Event-Stream;q=0.9', true],
  ['application/json', false],
  ['text/event-streams', false],
  [undefined, false],
])('Accept %s asks for a stream: %s', (accept, expected) => {
  expect(acceptsEventStream(request(accept === undefined ? {} : { accept }))).toBe(expected);
});

describe('an API key', () => {
  test('is read as it was made', () => {
    for (let i = 0; i < 50; i += 1) {
      const { id, token, secretHash } = generateApiKey();
      expect(token).toMatch(/^berth_[0-9a-f]{32}_[A-Za-z0-9_-]{43}$/);
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
      expect(parseApiKey(token)).toEqual({ id, secretHash });
      expect(token).not.toContain(secretHash);
    }
  });

  test('is nobody else’s', () => {
    const [one, two] = [generateApiKey(), generateApiKey()];
    expect(sameHash(one.secretHash, two.secretHash)).toBe(false);
    expect(sameHash(one.secretHash, hashSecret(one.token.slice(39)))).toBe(true);
    expect(sameHash(one.secretHash, one.secretHash.slice(2))).toBe(false);
  });

  test('of another make is none', () => {
    const { token } = generateApiKey();
    for (const bad of [
      '',
      token.slice(1),
      token.slice(0, -1),
      `${token}x`,
      `${token}\n`,
      token.toUpperCase(),
      token.replace('berth', 'other'),
      token.replace(/.$/, '!'),
    ]) {
      expect(parseApiKey(bad)).toBeNull();
    }
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => expect(parseApiKey(text)).toBeNull()));
  });
});
