import type { OperationKind } from '#domain';
import { create } from './create.js';
import type { Handler } from './handler.js';
import { restore } from './restore.js';
import { createSnapshot, deleteSnapshot } from './snapshots.js';
import { update } from './update.js';
import { pause, remove, restart, resume, start, stop } from './lifecycle.js';

/** Every kind has its handler, or this does not compile. */
export const handlers = {
  'container.create': create,
  'container.start': start,
  'container.stop': stop,
  'container.restart': restart,
  'container.pause': pause,
  'container.resume': resume,
  'container.update': update,
  'container.delete': remove,
  'snapshot.create': createSnapshot,
  'snapshot.restore': restore,
  'snapshot.delete': deleteSnapshot,
} satisfies Record<OperationKind, Handler>;

/** How long one attempt may take. Seconds. */
export function attemptSeconds(kind: OperationKind, params: { timeoutSeconds?: number }): number {
  if (kind === 'container.create') return 1_200;
  if (kind === 'snapshot.create' || kind === 'snapshot.restore') return 1_800;
  return 120 + (params.timeoutSeconds ?? 0);
}
