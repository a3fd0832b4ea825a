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
  WORDED_KINDS,
  type ContainerState,
  type OperationKind,
} from '../index.js';

/** DESIGN's table, written out again: `-` is refused, `=` a no-op, `*` what `start` decides. */
const TABLE = `
from     create   start    stop     restart  pause    resume   update   delete  snapshot.create snapshot.restore snapshot.delete
absent   stopped* -        -        -        -        -        -        =       -               -                absent
stopped  =        running  =        running  -        -        stopped  absent  stopped         stopped          stopped
running  =        =        stopped  running  paused   =        running  absent  running         running          running
paused   =        running  stopped  running  =        running  paused   absent  paused          running          paused
failed   stopped* running  stopped  running  -        -        failed   absent  -               stopped          failed
unknown  stopped* running  stopped  running  paused   running  unknown  absent  unknown         unknown          unknown
`;

const [header = [], ...rows] = TABLE.trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/));
const cells = rows.flatMap(([from = '', ...row]) =>
  row.map((cell, index) => ({ from: from as ContainerState, kind: kindOf(header[index + 1] ?? ''), cell })),
);

function kindOf(verb: string): OperationKind {
  return (verb.includes('.') ? verb : `container.${verb}`) as OperationKind;
}

describe('the state machine', () => {
  test.each(cells)('$from + $kind: $cell', ({ from, kind, cell }) => {
    const expected = cell === '-' ? 'refused' : cell === '=' ? 'noop' : { to: cell.replace('*', '') };
    expect(transition(from, { kind, params: {} })).toEqual(expected);
    const started = cell.endsWith('*') ? { to: 'running' } : expected;
    expect(transition(from, { kind, params: { start: true } })).toEqual(started);
  });

  test('has a cell for every state and every command, and no other', () => {
    expect(cells.map(({ from, kind }) => `${from} ${kind}`).sort()).toEqual(
      CONTAINER_STATES.flatMap((state) => OPERATION_KINDS.map((kind) => `${state} ${kind}`)).sort(),
    );
    for (const row of Object.values(TRANSITIONS)) expect(Object.keys(row).sort()).toEqual([...OPERATION_KINDS].sort());
  });

  test.each(CONTAINER_STATES)('allows from %s what it does not refuse', (state) => {
    const allowed = cells.filter(
      ({ from, cell, kind }) =>
        from === state && cell !== '-' && kind !== 'snapshot.delete' && kind !== 'container.update',
    );
    expect(allowedCommands(state)).toEqual(allowed.map(({ kind }) => kind));
  });
});

describe('statusOf', () => {
  const words: Partial<Record<OperationKind, string>> = {
    'container.create': 'creating',
    'container.start': 'starting',
    'container.stop': 'stopping',
    'container.restart': 'restarting',
    'container.pause': 'pausing',
    'container.resume': 'resuming',
    'container.delete': 'deleting',
    'snapshot.restore': 'restoring',
  };

  test.each(WORDED_KINDS)('of a running %s is its word, from any state but unknown', (kind) => {
    for (const state of CONTAINER_STATES) expect(statusOf(state, kind)).toBe(state === 'unknown' ? state : words[kind]);
    expect(kindOfStatus(statusOf('absent', kind))).toBe(kind);
  });

  test('is the state while a snapshot is taken or deleted, or the container updated', () => {
    const silent = ['snapshot.create', 'snapshot.delete', 'container.update'];
    expect([...WORDED_KINDS, ...silent].sort()).toEqual([...OPERATION_KINDS].sort());
    for (const state of CONTAINER_STATES) {
      expect(statusOf(state, 'snapshot.create')).toBe(state);
      expect(statusOf(state, 'snapshot.delete')).toBe(state);
      expect(statusOf(state, 'container.update')).toBe(state);
    }
  });

  test('is the state where nothing runs', () => {
    for (const state of CONTAINER_STATES) {
      expect(statusOf(state, null)).toBe(state);
      expect(kindOfStatus(state)).toBeNull();
      expect(STATUSES).toContain(state);
    }
  });
});
