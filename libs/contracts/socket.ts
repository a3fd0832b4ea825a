import { z } from 'zod';
import { containerSchema } from './container.js';
import { eventCursor, eventSchema, MAX_VERSION, progressSchema } from './event.js';
import { botId } from './fields.js';

export const subscribeMessage = z
  .union([
    z.strictObject({ botId, after: z.int().min(0).max(MAX_VERSION).optional() }),
    z.strictObject({ all: z.literal(true), cursor: eventCursor.optional() }),
  ])
  .meta({ id: 'Subscribe' });
export const unsubscribeMessage = z
  .union([z.strictObject({ botId }), z.strictObject({ all: z.literal(true) })])
  .meta({ id: 'Unsubscribe' });

export type SubscribeAck =
  | { ok: true; version: number; container: unknown }
  | { ok: true; cursor: string }
  | { ok: true }
  | { ok: false; error: { code: string; detail: string } };

/** History that was asked for is gone: here is all of the bot as it is now. */
const resetSchema = z.object({ botId, container: containerSchema }).meta({ id: 'Reset' });

interface SocketMessage {
  schema: z.ZodType;
  /** What it says, and what follows from it. */
  text: string;
}

/** What a client emits on its socket, each with an acknowledgement. */
export const CLIENT_MESSAGES = {
  subscribe: {
    schema: subscribeMessage,
    text:
      '`{botId, after?}` is acknowledged with `{ok: true, version, container}`, `{all: true, cursor?}` with ' +
      '`{ok: true, cursor}`; then come `event` messages. With `after`, the last version seen, or `cursor`, that of the ' +
      'last event seen, what was missed comes first; without one it begins with what happens next.',
  },
  unsubscribe: { schema: unsubscribeMessage, text: '`{botId}` or `{all: true}` is acknowledged with `{ok: true}`.' },
} satisfies Record<string, SocketMessage>;
export type ClientMessage = keyof typeof CLIENT_MESSAGES;

/** What a client is sent. */
export const SERVER_MESSAGES = {
  event: {
    schema: eventSchema,
    text:
      'A change of a bot. Its `version` counts without a gap, and what happens live is sent once, however many of the ' +
      "socket's subscriptions match.",
  },
  progress: { schema: progressSchema, text: 'How far a running operation has come. Not kept, and not sent again.' },
  reset: {
    schema: resetSchema,
    text: 'What was asked to be replayed is no longer kept: go on from this state and its version.',
  },
} satisfies Record<string, SocketMessage>;
export type ServerMessage = keyof typeof SERVER_MESSAGES;
