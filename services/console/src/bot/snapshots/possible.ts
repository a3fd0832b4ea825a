import type { Container } from '#client';

type Status = Container['status'];

/** Nothing to take a snapshot of, or to restore into. */
const WITHOUT: Status[] = ['absent', 'deleting'];

/** A container that failed may be half made: the API takes no snapshot of it, but restores into it. */
export function canTake({ status }: Pick<Container, 'status'>): boolean {
  return !WITHOUT.includes(status) && status !== 'failed';
}

export function canRestore({ status }: Pick<Container, 'status'>): boolean {
  return !WITHOUT.includes(status);
}

/** Why something is not offered now; null where all is. */
export function whyNot(container: Pick<Container, 'status'>): string | null {
  if (canTake(container)) return null;
  if (canRestore(container)) return 'The container has failed: restore a snapshot, or start it, to take another one.';
  return 'There is no container now. Its snapshots stay: create the container first to restore one, or make a new bot of one.';
}
