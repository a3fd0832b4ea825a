import type { ContainerState, OperationKind, Status } from './vocabulary.js';

/** Null for what leaves the container as it is. */
const WORDS: Record<OperationKind, Status | null> = {
  'container.create': 'creating',
  'container.start': 'starting',
  'container.stop': 'stopping',
  'container.restart': 'restarting',
  'container.pause': 'pausing',
  'container.resume': 'resuming',
  'container.update': null,
  'container.delete': 'deleting',
  'snapshot.create': null,
  'snapshot.restore': 'restoring',
  'snapshot.delete': null,
};

/** Kinds that have a word of their own. */
export const WORDED_KINDS = (Object.keys(WORDS) as OperationKind[]).filter((kind) => WORDS[kind] !== null);

/**
 * What a client sees. A silent node hides everything, since nothing that runs there can be vouched for;
 * otherwise the running operation's word, otherwise the state.
 */
export function statusOf(state: ContainerState, running: OperationKind | null): Status {
  if (state === 'unknown') return 'unknown';
  return (running && WORDS[running]) ?? state;
}

/** The operation kind whose word a status is, or null where it is a state's; the inverse of statusOf, for filters. */
export function kindOfStatus(status: Status): OperationKind | null {
  for (const [kind, word] of Object.entries(WORDS) as [OperationKind, Status | null][])
    if (word === status) return kind;
  return null;
}
