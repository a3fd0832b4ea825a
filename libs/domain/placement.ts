import type { Reservation } from './bot.js';
import { Refusal } from './refusal.js';
import type { NodeStatus, Resources } from './vocabulary.js';

export interface NodeCandidate {
  id: string;
  status: NodeStatus;
  /** What it has; null where it has not said so yet. */
  size: { cpus: number | null; memoryMb: number | null };
  /** What may be promised; null for no ceiling. */
  ceiling: { cpus: number | null; memoryMb: number | null };
  reserved: Reservation;
}

/**
 * The node for a new bot: ready, large enough, with room under its ceilings, the one with the least promised memory
 * first. Throws Refusal: `node_unavailable`, `no_capacity`.
 */
export function place(nodes: NodeCandidate[], wanted: Resources): string {
  const ready = nodes.filter((node) => node.status === 'ready');
  if (ready.length === 0) {
    throw new Refusal('node_unavailable', 'No node takes new bots now: none is up and ready. Try again shortly.');
  }
  if (!nodes.some((node) => isLargeEnough(node, wanted))) throw tooLarge(nodes, wanted);
  const fits = ready.filter((node) => isLargeEnough(node, wanted) && hasRoom(node, wanted));
  const byPromised = (a: NodeCandidate, b: NodeCandidate): number =>
    a.reserved.memoryMb - b.reserved.memoryMb || a.id.localeCompare(b.id);
  const [chosen] = fits.sort(byPromised);
  if (!chosen) throw noRoom();
  return chosen.id;
}

/** For a bot that has its node, by its data. Throws Refusal `no_capacity` where the node could never hold it. */
export function refuseTooLarge(node: NodeCandidate, wanted: Resources): void {
  if (isLargeEnough(node, wanted)) return;
  const message = `The bot's data is on the node ${node.id}, which has ${told(most(node))}: ask for less.`;
  throw new Refusal('no_capacity', message, { retryable: false });
}

export function noRoom(): Refusal {
  return new Refusal('no_capacity', 'No node has room for such a container. Delete some, ask for less, or add a node.');
}

interface Figures {
  cpus: number;
  memoryMb: number;
}

/** What one container may have there at most. Infinity for what knows no bound. */
function most({ size, ceiling }: NodeCandidate): Figures {
  return {
    cpus: Math.min(size.cpus ?? Infinity, ceiling.cpus ?? Infinity),
    memoryMb: Math.min(size.memoryMb ?? Infinity, ceiling.memoryMb ?? Infinity),
  };
}

function isLargeEnough(node: NodeCandidate, wanted: Resources): boolean {
  const { cpus, memoryMb } = most(node);
  return wanted.cpus <= cpus && wanted.memoryMb <= memoryMb;
}

function hasRoom({ ceiling, reserved }: NodeCandidate, wanted: Resources): boolean {
  return (
    (ceiling.cpus === null || reserved.cpus + wanted.cpus <= ceiling.cpus) &&
    (ceiling.memoryMb === null || reserved.memoryMb + wanted.memoryMb <= ceiling.memoryMb)
  );
}

/** Names the largest node, by what no node has enough of. */
function tooLarge(nodes: NodeCandidate[], wanted: Resources): Refusal {
  const figures = nodes.map((node) => ({ id: node.id, ...most(node) }));
  const byCpus = figures.every(({ cpus }) => cpus < wanted.cpus);
  const size = (node: Figures): number => (byCpus ? node.cpus : node.memoryMb);
  const [largest] = figures.sort((a, b) => size(b) - size(a) || a.id.localeCompare(b.id));
  if (!largest) return noRoom();
  const message =
    `No node is large enough for ${told(wanted)}: the largest, ${largest.id}, has ${told(largest)}. Ask for less, or ` +
    'add a larger one.';
  return new Refusal('no_capacity', message, { retryable: false });
}

function told({ cpus, memoryMb }: Figures): string {
  const known = (figure: number): string => (Number.isFinite(figure) ? String(figure) : 'any number of');
  return `${known(cpus)} CPUs and ${known(memoryMb)} MiB`;
}
