import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { createBody, routes } from '../index.js';
import { botId, imageRef, page, queryBoolean, queryInt, text, time, uuid } from '../fields.js';

const takes = (schema: z.ZodType, value: unknown): boolean => schema.safeParse(value).success;
/** Any text at all: NUL, lone surrogates, line ends, emoji. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
);
const ill = ['\0', 'a\0b', '\ud800', 'a\udc00', '\udc00\ud800'];

describe('botId', () => {
  test.each(['a', '0', 'alice', 'a-b', 'a.b_c', 'a..b', '9-9', `a${'-'.repeat(62)}b`])('takes %j', (value) => {
    expect(takes(botId, value)).toBe(true);
  });

  test.each([
    '',
    'A',
    '-a',
    'a-',
    '.a',
    '_a',
    'a.',
    'a b',
    'ä',
    'a/b',
    'a\n',
    '\na',
    'a\0',
    `a${'b'.repeat(64)}`,
    5,
    null,
  ])('refuses %j', (value) => {
    expect(takes(botId, value)).toBe(false);
  });

  test('takes nothing that a path, a volume name or a label would read otherwise', () => {
    fc.assert(
      fc.property(anyText, (value) => {
        if (takes(botId, value)) expect(encodeURIComponent(value)).toBe(value);
      }),
    );
  });
});

describe('imageRef', () => {
  const digest = `sha256:${'0a'.repeat(32)}`;

  test.each([
    'debian',
    'debian:bookworm-slim',
    'library/debian',
    'ghcr.io/owner/name:1.2.3',
    'localhost:5000/x',
    'REGISTRY.example.com:443/a/b/c',
    `debian@${digest}`,
    `debian:12@${digest}`,
    'a__b/c-d/e.f--g',
    'berth/snapshot:0190a0',
  ])('takes %s', (value) => {
    expect(takes(imageRef, value)).toBe(true);
  });

  test.each([
    '',
    'Debian',
    ':tag',
    'debian:',
    'debian:-x',
    `debian:${'x'.repeat(129)}`,
    'debian@sha256:00',
    `debian@${digest.toUpperCase()}`,
    '/debian',
    'debian/',
    'a//b',
    'a..b/c:..',
    'debian latest',
    'debian\n',
    'debian:latest\0',
    '-debian',
    '--privileged',
    'http://debian',
    'a___b',
    `${'a/'.repeat(256)}a`,
  ])('refuses %j', (value) => {
    expect(takes(imageRef, value)).toBe(false);
  });

  test.each(['a', 'a-', 'a.', 'a_', 'a/', 'A.', 'a:', '-'])('is quick to refuse much of %j', (part) => {
    const before = performance.now();
    expect(takes(imageRef, `${part.repeat(120_000)}!`)).toBe(false);
    expect(performance.now() - before).toBeLessThan(1_000);
  });
});

describe('text', () => {
  test('takes well-formed text without NUL up to its length, and nothing else', () => {
    fc.assert(
      fc.property(anyText, (value) => {
        expect(takes(text(40), value)).toBe([...value].length <= 40 && !value.includes('\0') && value.isWellFormed());
      }),
    );
    for (const value of ill) expect(takes(text(40), value)).toBe(false);
    // Characters, as JSON Schema counts them, not UTF-16's units.
    expect([takes(text(1), '😀'), takes(text(1), '😀😀')]).toEqual([true, false]);
  });
});

describe('numbers and flags of a query', () => {
  test.each([
    ['1', 1],
    ['100', 100],
    ['007', 7],
  ])('%s is %s', (given, value) => {
    expect(queryInt(1, 100).parse(given)).toBe(value);
  });

  test.each(['0', '101', '', ' 1', '1 ', '1.5', '-1', '+1', '1e1', '0x1', '٣', '99999999999', 'NaN', 1, null, ['1']])(
    '%j is no number from 1 to 100',
    (given) => {
      expect(takes(queryInt(1, 100), given)).toBe(false);
    },
  );

  test('true and false are all the truth there is', () => {
    expect([queryBoolean.parse('true'), queryBoolean.parse('false')]).toEqual([true, false]);
    for (const given of ['', '1', 'TRUE', 'yes', true, ['true']]) expect(takes(queryBoolean, given)).toBe(false);
  });
});

test('times are RFC 3339 in UTC, ids are UUIDs', () => {
  expect([takes(time, '2026-01-01T00:00:00.123Z'), takes(time, '2026-01-01T00:00:00+01:00')]).toEqual([true, false]);
  expect([takes(uuid, '0190a0c0-0000-7000-8000-000000000000'), takes(uuid, 'x')]).toEqual([true, false]);
  expect(takes(page(z.string()), { items: ['a'], nextCursor: null })).toBe(true);
});

describe('whatever is sent', () => {
  const bodies = Object.values(routes).flatMap(({ id, body, query }) => [
    ...(body ? [{ what: `body of ${id}`, schema: body as z.ZodType }] : []),
    { what: `query of ${id}`, schema: query as z.ZodType },
  ]);
  const members = fc.constantFrom(
    'image',
    'start',
    'env',
    'labels',
    'command',
    'resources',
    'name',
    'scopes',
    'limit',
    'q',
  );
  const anything = fc.oneof(fc.anything(), fc.dictionary(fc.oneof(members, anyText), fc.oneof(anyText, fc.anything())));

  test.each(bodies)('the $what is judged without a throw', ({ schema }) => {
    fc.assert(
      fc.property(anything, (value) => {
        schema.safeParse(value);
      }),
      { numRuns: 60 },
    );
  });

  test.each(ill)('%j reaches nothing that is stored or handed to an engine', (bad) => {
    const entry = { [bad]: 'x' };
    for (const body of [
      { image: bad },
      { image: `debian:${bad}` },
      { env: { A: bad } },
      { env: entry },
      { labels: { a: bad } },
      { labels: entry },
      { command: [bad] },
      { command: ['sh', bad] },
      entry,
    ]) {
      expect(createBody.safeParse(body).success).toBe(false);
    }
    expect(takes(routes.listBots.query, { q: bad })).toBe(false);
    expect(takes(routes.listBots.query, { node: bad })).toBe(false);
    expect(takes(routes.listBots.query, { cursor: bad })).toBe(false);
    expect(takes(routes.getOperation.params, { id: bad })).toBe(false);
    expect(takes(routes.createApiKey.body, { name: bad, scopes: ['audit:read'] })).toBe(false);
    expect(takes(routes.createTenant.body, { name: bad })).toBe(false);
  });
});
