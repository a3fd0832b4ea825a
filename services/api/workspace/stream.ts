import { StreamableFile } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Readable } from 'node:stream';
import type { Caller } from '../access/caller.js';
import type { Connections } from '../live/connections.js';

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

export const EVENT_STREAM = 'text/event-stream; charset=utf-8';
