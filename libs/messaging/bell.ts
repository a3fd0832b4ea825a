import type { Bell } from './port.js';

/** BullMQ takes a colon in a queue name or a job id for its own separator. */
export const nodeQueueName = (nodeId: string): string => `node-${nodeId}`;
export const bellJobId = ({ operationId, dispatch }: Bell): string => `${operationId}-${dispatch}`;

/** Null where the data is none of ours: other versions and other programs write to the same store. */
export function parseBell(data: unknown): Bell | null {
  if (typeof data !== 'object' || data === null) return null;
  const { operationId, dispatch } = data as { operationId?: unknown; dispatch?: unknown };
  if (typeof operationId !== 'string' || !/^[\w-]{1,128}$/.test(operationId)) return null;
  if (typeof dispatch !== 'number' || !Number.isSafeInteger(dispatch) || dispatch < 0) return null;
  return { operationId, dispatch };
}
