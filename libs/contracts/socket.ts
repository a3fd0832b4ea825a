import { z } from 'zod';
import { containerSchema } from './container.js';
import { eventCursor, eventSchema, MAX_VERSION, progressSchema } from './event.js';
import { botId } from './fields.js';
import {
  MAX_TERMINALS,
  terminalCloseMessage,
  terminalExitSchema,
  terminalInputMessage,
  terminalOpenMessage,
  terminalOutputSchema,
  terminalResizeMessage,
} from './terminal.js';

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
  'terminal.open': {
    schema: terminalOpenMessage,
    text:
      '`{botId, cols, rows, command?}` begins a program in a terminal of the container, a login shell by default, in ' +
      '`/data`, and is acknowledged with `{ok: true, terminalId}`. Needs the scope `workspace:exec`. It ends when it is ' +
      'closed, when the socket is, or when the key is revoked: the program is hung up, then killed with all that it ' +
      'has begun, `nohup` or not; use a task for what is to go on. A shell that ends by itself leaves behind what it ' +
      `has begun. A socket has at most ${MAX_TERMINALS}; without input or output they stay open for as long as it does.`,
  },
  'terminal.input': {
    schema: terminalInputMessage,
    text:
      'What is typed; acknowledged with `{ok: true}`. Refused with `quota_exceeded`, and nothing of it taken, where the ' +
      'program does not read what it was sent before.',
  },
  'terminal.resize': { schema: terminalResizeMessage, text: 'Acknowledged with `{ok: true}`.' },
  'terminal.close': {
    schema: terminalCloseMessage,
    text: 'Acknowledged with `{ok: true}`; nothing more comes from it then.',
  },
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
  'terminal.output': {
    schema: terminalOutputSchema,
    text: 'What the program shows, after the acknowledgement of `terminal.open`. A client that reads slowly slows it down.',
  },
  'terminal.exit': {
    schema: terminalExitSchema,
    text: 'The program has ended and all of its output was sent: the terminal is no more.',
  },
} satisfies Record<string, SocketMessage>;
export type ServerMessage = keyof typeof SERVER_MESSAGES;
