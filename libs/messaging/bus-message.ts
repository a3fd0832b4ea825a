import type { BusMessage, ProgressMessage } from './port.js';

/** Several messages travel as one event of the store. */
export const encodeMessages = (messages: BusMessage[]): string => JSON.stringify(messages);

/** Leaves out what it does not know: other versions speak on the same bus. Throws where the text is no list. */
export function decodeMessages(text: unknown): BusMessage[] {
  const list: unknown = typeof text === 'string' ? JSON.parse(text) : undefined;
  if (!Array.isArray(list)) throw new Error('a message on the bus is no list');
  return list.map(parseMessage).filter((message) => message !== null);
}

function parseMessage(value: unknown): BusMessage | null {
  if (!isRecord(value)) return null;
  if (value['type'] === 'events') return { type: 'events' };
  const progress = value['type'] === 'progress' ? parseProgress(value['progress']) : null;
  return progress && { type: 'progress', progress };
}

function parseProgress(value: unknown): ProgressMessage | null {
  if (!isRecord(value)) return null;
  const { tenantId, botId, operationId, phase, percent, detail } = value;
  if (typeof tenantId !== 'string' || typeof botId !== 'string' || typeof operationId !== 'string') return null;
  if (typeof phase !== 'string') return null;
  return {
    tenantId,
    botId,
    operationId,
    phase,
    percent: typeof percent === 'number' ? percent : null,
    detail: typeof detail === 'string' ? detail : null,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
