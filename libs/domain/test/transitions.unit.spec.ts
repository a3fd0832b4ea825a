import { describe, expect, test } from '@jest/globals';
import {
  allowedCommands,
  CONTAINER_STATES,
  kindOfStatus,
  OPERATION_KINDS,
  statusOf,
  STATUSES,
  transition,
  TRANSITIONS,
  type ContainerState,
  type OperationKind,
} from '../index.js';

/** DESIGN's table, written out again: `-` is refused, `=` a no-op, `*` what `start` decides. */
const TABLE = `
from     create   start    stop     restart  pause    resume   delete
absent   stopped* -        -        -        -        -        =
stopped  =        running  =        running  -        -        absent
running  =        =        stopped  running  paused   =        absent
paused   =        running  stopped  running  =        running  absent
failed   stopped* running  stopped  running  -        -        absent
unknown  stopped* running  stopped  running  paused   running  absent
`;

const [header = [], ...rows] = TABLE.trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/));
const cells = rows.flatMap(([from = '', ...row]) =>
  row.map((cell, index) => ({ from: from as ContainerState, verb: header[index + 1] ?? '', cell })),
);

describe('the state machine', () => {
  test.each(cells)('$from + $verb: $cell', ({ from, verb, cell }) => {
    const kind = `container.${verb}` as OperationKind;
    const expected = cell === '-' ? 'refused' : cell === '=' ? 'noop' : { to: cell.replace('*', '') };
    expect(transition(from, { kind, params: {} })).toEqual(expected);
    const started = cell.endsWith('*') ? { to: 'running' } : expected;
    expect(transition(from, { kind, params: { start: true } })).toEqual(started);
  });

  test('has a cell for every state and every command, and no other', () => {
    expect(cells.map(({ from, verb }) => `${from} container.${verb}`).sort()).toEqual(
      CONTAINER_STATES.flatMap((state) => OPERATION_KINDS.map((kind) => `${state} ${kind}`)).sort(),
    );
    for (const row of Object.values(TRANSITIONS)) expect(Object.keys(row).sort()).toEqual([...OPERATION_KINDS].sort());
  });

  test.each(CONTAINER_STATES)('allows from %s what it does not refuse', (state) => {
    const allowed = cells.filter(({ from, cell }) => from === state && cell !== '-').map(({ verb }) => verb);
    expect(allowedCommands(state).map((kind) => kind.replace('container.', ''))).toEqual(allowed);
  });
});

describe('statusOf', () => {
  const words: Record<OperationKind, string> = {
    'container.create': 'creating',
    'container.start': 'starting',
    'container.stop': 'stopping',
    'container.restart': 'restarting',
    'container.pause': 'pausing',
    'container.resume': 'resuming',
    'container.delete': 'deleting',
  };

  test.each(OPERATION_KINDS)('of a running %s is its word, from any state but unknown', (kind) => {
    for (const state of CONTAINER_STATES) expect(statusOf(state, kind)).toBe(state === 'unknown' ? state : words[kind]);
    expect(kindOfStatus(statusOf('absent', kind))).toBe(kind);
  });

  test('is the state where nothing runs', () => {
    for (const state of CONTAINER_STATES) {
      expect(statusOf(state, null)).toBe(state);
      expect(kindOfStatus(state)).toBeNull();
      expect(STATUSES).toContain(state);
    }
  });
});
