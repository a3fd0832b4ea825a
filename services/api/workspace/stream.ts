import type { ProblemCode } from '#contracts';
import { StreamableFile } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Readable } from 'node:stream';
import type { Caller } from '../access/caller.js';
import type { Connections } from '../live/connections.js';
import { wholeEvents } from './whole-events.js';

/** Passes a body on as it comes. One that may last is cut when its key is revoked. */
export function streamed(
  body: Readable,
  { caller, reply }: { caller: Caller; reply: FastifyReply },
  options: { type: string; lasting: Connections | null },
): StreamableFile {
  if (options.lasting) {
    reply.raw.once(
      'close',
      options.lasting.add(caller.keyId, () => reply.raw.destroy()),
    );
  }
  void reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no').type(options.type);
  // Not by reply.send: what waits for a reply that is cut off would be answered once more.
  return new StreamableFile(body);
}

/** As `streamed`, for server-sent events: where the node goes away in the middle, the last of them says so. */
export function streamedEvents(
  body: Readable,
  call: { caller: Caller; reply: FastifyReply },
  { nodeId, lasting }: { nodeId: string; lasting: Connections },
): StreamableFile {
  const detail = `The connection to the node ${nodeId} broke: what came of it is not known.`;
  const last = `event: error\ndata: ${JSON.stringify({ code: 'node_unavailable' satisfies ProblemCode, detail })}\n\n`;
  return streamed(wholeEvents(body, last), call, { type: EVENT_STREAM, lasting });
}

const EVENT_STREAM = 'text/event-stream; charset=utf-8';
