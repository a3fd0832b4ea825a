import type { Container } from '#client';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { shownBots, SORTS, STATUSES } from '../src/bots/shown';
import { ago, bytes, duration } from '../src/ui/format';

const bot = (botId: string, more: Partial<Container> = {}): Container =>
  ({
    botId,
    status: 'running',
    image: { ref: 'debian', id: 'x' },
    node: 'node-1',
    tasks: 0,
    updatedAt: '2026-01-01T00:00:00Z',
    ...more,
  }) as Container;
const all = Object.fromEntries(
  [
    bot('alice', { tasks: 2 }),
    bot('bob', { status: 'stopped', image: { ref: 'alpine:3', id: 'y' } }),
    bot('carol', { node: 'node-2', tasks: 1 }),
    bot('dave', { status: 'absent', image: null, node: null }),
  ].map((each) => [each.botId, each]),
);
const shown = (asked: Partial<Parameters<typeof shownBots>[1]>): string[] =>
  shownBots(all, { q: '', statuses: [], sort: 'botId', descending: false, ...asked }).map(({ botId }) => botId);

describe('the bots that are shown', () => {
  test.each([
    ['all, by name', {}, ['alice', 'bob', 'carol', 'dave']],
    ['by a part of a name', { q: 'AR' }, ['carol']],
    ['by image', { q: 'alpine' }, ['bob']],
    ['by several words, of any field', { q: 'debian node-2' }, ['carol']],
    ['by status', { statuses: ['stopped', 'absent'] }, ['bob', 'dave']],
    ['by tasks, most first', { sort: 'tasks', descending: true }, ['alice', 'carol', 'bob', 'dave']],
    ['none', { q: 'zed' }, []],
  ] as const)('%s', (_, asked, expected) => {
    expect(shown({ ...asked, statuses: 'statuses' in asked ? [...asked.statuses] : [] })).toEqual(expected);
  });

  test('are each there once, in whatever order', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SORTS), fc.boolean(), fc.subarray(STATUSES), (sort, descending, statuses) => {
        const found = shown({ sort, descending, statuses });
        expect(new Set(found).size).toBe(found.length);
        if (statuses.length === 0) expect(found).toHaveLength(4);
      }),
    );
  });
});

describe('words for figures', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 KiB'],
    [512 * 1024 * 1024, '512 MiB'],
    [1.5 * 1024 ** 3, '1.5 GiB'],
  ])('%d bytes are %s', (n, words) => expect(bytes(n)).toBe(words));

  test.each([
    [250, '250 ms'],
    [1500, '1.5 s'],
    [61_000, '1 min 1 s'],
    [3 * 3_600_000, '3 h 0 min'],
    [3 * 86_400_000, '3 d 0 h'],
  ])('%d ms are %s', (ms, words) => expect(duration(ms)).toBe(words));

  test('a moment ago is just now, and later it is counted', () => {
    const now = Date.parse('2026-11-30T12:00:00Z');
    const before = (ms: number): string => ago(new Date(now - ms).toISOString(), now);
    expect([1_000, 30_000, 120_000, 7_200_000, 3 * 86_400_000].map(before)).toEqual([
      'just now',
      '30 s ago',
      '2 min ago',
      '2 h ago',
      '3 d ago',
    ]);
  });
});
