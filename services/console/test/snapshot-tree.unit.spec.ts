import type { Snapshot } from '#client';
import { describe, expect, it } from '@jest/globals';
import { treeOf } from '../src/bot/snapshots/tree.js';

let clock = 0;
const snapshot = (id: string, parentId: string | null, given: Partial<Snapshot> = {}): Snapshot => {
  clock += 1000;
  return {
    id,
    botId: 'alice',
    name: id,
    description: null,
    status: 'ready',
    parentId,
    childCount: 0,
    scope: 'all',
    origin: 'manual',
    sizeBytes: 1,
    dataSizeBytes: 0,
    layers: 1,
    freezeMs: 1,
    current: false,
    node: 'node-1',
    error: null,
    createdAt: new Date(clock).toISOString(),
    ...given,
  };
};
const drawn = (snapshots: Snapshot[]): string[] =>
  treeOf(snapshots).map((row) => `${'| '.repeat(row.passing.length)}${row.snapshot.id}:${row.hangs}`);

describe('the tree of snapshots', () => {
  it('draws a chain of hundreds in one column, newest on top', () => {
    const chain = Array.from({ length: 500 }, (_, n) => snapshot(`s${n}`, n === 0 ? null : `s${n - 1}`));
    const rows = treeOf(chain.toReversed());
    expect(rows[0]?.snapshot.id).toBe('s499');
    expect(rows.every(({ column }) => column === 0)).toBe(true);
    expect(rows.at(-1)).toMatchObject({ hangs: 'none', above: true, depth: 1, childId: 's1' });
  });

  it('goes on straight to the current one, though another branch is larger', () => {
    const all = [
      snapshot('root', null),
      snapshot('other', 'root'),
      snapshot('other 2', 'other'),
      snapshot('here', 'root', { current: true }),
    ];
    expect(drawn(all)).toEqual(['here:straight', '| other 2:straight', '| other:bend', 'root:none']);
  });

  it('has few columns, whatever the tree is like', () => {
    const all: Snapshot[] = [snapshot('0', null)];
    // Each has two beneath it: the widest tree there is.
    for (let n = 1; n < 255; n += 1) all.push(snapshot(String(n), String(Math.floor((n - 1) / 2))));
    expect(Math.max(...treeOf(all).map(({ column }) => column))).toBeLessThanOrEqual(8);
    expect(new Set(treeOf(all).map(({ snapshot: { id } }) => id)).size).toBe(255);
  });

  it('begins anew where a parent is not known, and keeps several beginnings apart', () => {
    const rows = treeOf([snapshot('a', null), snapshot('b', 'gone'), snapshot('c', 'b')]);
    expect(rows.map(({ snapshot: { id }, hangs }) => `${id}:${hangs}`)).toEqual(['c:straight', 'b:none', 'a:none']);
    expect(rows[1]).toMatchObject({ parentId: null, parentName: null });
  });
});
