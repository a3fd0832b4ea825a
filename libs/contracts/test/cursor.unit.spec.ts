import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cursorIn, cursorOf, type List } from '../cursor.js';

const uuid = '0190a0c0-0000-7000-8000-000000000000';
const lasts: [List, string[]][] = [
  ['bots', ['a', 'alice', 'a.b_c-d', 'bots', 'x'.repeat(64)]],
  ['operations', [uuid, 'ffffffff-ffff-7fff-bfff-ffffffffffff']],
  ['snapshots', [uuid]],
  ['keys', [uuid]],
  ['nodes', ['node-1', 'n', 'n'.repeat(63)]],
];
const takes = (list: List, given: unknown): boolean => cursorIn(list).safeParse(given).success;

describe.each(lasts)('a cursor of %s', (list, ids) => {
  test.each(ids)('brings %s back, as text that says nothing and needs no escape in a URL', (id) => {
    const cursor = cursorOf(list, id);
    expect(cursorIn(list).parse(cursor)).toBe(id);
    expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(cursor).not.toContain(id);
  });

  test('is taken as it was given, by its own list alone', () => {
    for (const id of ids) {
      const cursor = cursorOf(list, id);
      expect(lasts.flatMap(([other]) => (takes(other, cursor) ? [other] : []))).toEqual([list]);
      for (const altered of [`${cursor}=`, `${cursor}x`, `${cursor}AA`, ` ${cursor}`, cursor.slice(1)]) {
        expect({ altered, taken: takes(list, altered) }).toEqual({ altered, taken: false });
      }
    }
  });

  test('of what cannot be on a page is none', () => {
    for (const id of ['', 'UPPER', 'a\0b', "1';--", '../x', 'x'.repeat(65), `${ids[0]}\n`]) {
      expect(takes(list, cursorOf(list, id))).toBe(false);
    }
    for (const given of ['', 'x', '~', '=', null, 7, ids[0]]) expect(takes(list, given)).toBe(false);
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (given) => expect(takes(list, given)).toBe(false)));
  });
});
