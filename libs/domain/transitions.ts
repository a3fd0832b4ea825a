import type { ContainerState, OperationKind } from './vocabulary.js';

/** What a command does in a state: leads to a state, changes nothing, or is refused. */
export type Transition = { to: ContainerState } | 'noop' | 'refused';

type Row = Record<OperationKind, Transition>;

const to = (state: ContainerState): Transition => ({ to: state });

/**
 * The state machine, one row per state that a bot can be projected to be in. `create` is told for
 * `start: false`; with `start: true` it ends in `running` wherever it leads anywhere.
 * `unknown` refuses nothing: what is asked waits until the node tells the truth again.
 */
export const TRANSITIONS: Record<ContainerState, Row> = {
  absent: {
    'container.create': to('stopped'),
    'container.start': 'refused',
    'container.stop': 'refused',
    'container.restart': 'refused',
    'container.pause': 'refused',
    'container.resume': 'refused',
    'container.update': 'refused',
    'container.delete': 'noop',
    'snapshot.create': 'refused',
    'snapshot.restore': 'refused',
    'snapshot.delete': to('absent'),
  },
  stopped: {
    'container.create': 'noop',
    'container.start': to('running'),
    'container.stop': 'noop',
    'container.restart': to('running'),
    'container.pause': 'refused',
    'container.resume': 'refused',
    'container.update': to('stopped'),
    'container.delete': to('absent'),
    'snapshot.create': to('stopped'),
    'snapshot.restore': to('stopped'),
    'snapshot.delete': to('stopped'),
  },
  running: {
    'container.create': 'noop',
    'container.start': 'noop',
    'container.stop': to('stopped'),
    'container.restart': to('running'),
    'container.pause': to('paused'),
    'container.resume': 'noop',
    'container.update': to('running'),
    'container.delete': to('absent'),
    'snapshot.create': to('running'),
    'snapshot.restore': to('running'),
    'snapshot.delete': to('running'),
  },
  paused: {
    'container.create': 'noop',
    'container.start': to('running'),
    'container.stop': to('stopped'),
    'container.restart': to('running'),
    'container.pause': 'noop',
    'container.resume': to('running'),
    'container.update': to('paused'),
    'container.delete': to('absent'),
    'snapshot.create': to('paused'),
    'snapshot.restore': to('running'),
    'snapshot.delete': to('paused'),
  },
  failed: {
    'container.create': to('stopped'),
    'container.start': to('running'),
    'container.stop': to('stopped'),
    'container.restart': to('running'),
    'container.pause': 'refused',
    'container.resume': 'refused',
    'container.update': to('failed'),
    'container.delete': to('absent'),
    'snapshot.create': 'refused',
    'snapshot.restore': to('stopped'),
    'snapshot.delete': to('failed'),
  },
  unknown: {
    'container.create': to('stopped'),
    'container.start': to('running'),
    'container.stop': to('stopped'),
    'container.restart': to('running'),
    'container.pause': to('paused'),
    'container.resume': to('running'),
    'container.update': to('unknown'),
    'container.delete': to('absent'),
    'snapshot.create': to('unknown'),
    'snapshot.restore': to('unknown'),
    'snapshot.delete': to('unknown'),
  },
};

/** A command as the lane judges it: its kind and the parameters that matter to the state machine. */
export interface Command {
  kind: OperationKind;
  params: { start?: boolean; purgeData?: boolean };
}

/** Where a command leads from a state. */
export function transition(from: ContainerState, command: Command): Transition {
  const cell = TRANSITIONS[from][command.kind];
  if (typeof cell === 'object' && command.kind === 'container.create' && command.params.start) return to('running');
  return cell;
}

/** What is possible in any state where there is anything to do it to, and so tells nothing. */
const EVER: readonly OperationKind[] = ['snapshot.delete', 'container.update'];

/** The commands a state does not refuse, for `invalid_transition`. */
export function allowedCommands(from: ContainerState): OperationKind[] {
  const row = TRANSITIONS[from];
  return (Object.keys(row) as OperationKind[]).filter((kind) => row[kind] !== 'refused' && !EVER.includes(kind));
}
