import type { Reservation } from './bot.js';
import type { NodeStatus, Resources } from './vocabulary.js';

export interface NodeCandidate {
  id: string;
  status: NodeStatus;
  /** What may be promised; null for no ceiling. */
  ceiling: { cpus: number | null; memoryMb: number | null };
  reserved: Reservation;
}

/**
 * The node for a new bot: ready, with room under its ceilings, the one with the least promised memory first.
 * Null where none has room; `none_ready`, which is no node's id, where none may take bots at all.
 */
export function place(nodes: NodeCandidate[], wanted: Resources): string | null {
  const ready = nodes.filter((node) => node.status === 'ready');
  if (ready.length === 0) return 'none_ready';
  const fits = ready.filter(
    ({ ceiling, reserved }) =>
      (ceiling.cpus === null || reserved.cpus + wanted.cpus <= ceiling.cpus) &&
      (ceiling.memoryMb === null || reserved.memoryMb + wanted.memoryMb <= ceiling.memoryMb),
  );
  const byPromised = (a: NodeCandidate, b: NodeCandidate): number =>
    a.reserved.memoryMb - b.reserved.memoryMb || a.id.localeCompare(b.id);
  return fits.sort(byPromised)[0]?.id ?? null;
}
