import type { FastifyReply } from 'fastify';
import type { Connections } from './connections.js';
import type { Feed, Sink } from './feed.js';

const KEEP_ALIVE_MS = 15_000;
const BUFFERED_BYTES_LIMIT = 1_048_576;

/**
 * Writes server-sent events on a reply until the client leaves. An event's `id` is its cursor; it has no name, so
 * that a browser's `onmessage` gets it. `reset` and `progress` are named. The last `reset` of several has the id at
 * which all of them are told; `progress` has none. A stream that begins with what happens next says where that is, in an
 * `id` alone, so that a reader who is cut off before the first event misses none.
 */
export class EventStream {
  readonly sink: Sink;
  #feed: Feed | null = null;

  constructor(
    private readonly reply: FastifyReply,
    connections: Connections,
    keyId: string | null,
  ) {
    const { raw } = reply;
    this.sink = {
      event: (event) => this.#write(`id: ${event.cursor}\ndata: ${JSON.stringify(event)}\n\n`),
      progress: (progress) => this.#write(`event: progress\ndata: ${JSON.stringify(progress)}\n\n`),
      reset: (botId, container, cursor) => {
        const id = cursor === null ? '' : `id: ${cursor}\n`;
        this.#write(`event: reset\n${id}data: ${JSON.stringify({ botId, container })}\n\n`);
      },
      overflow: () => raw.destroy(),
    };
    const forget = connections.add(keyId, () => raw.end());
    const timer = setInterval(() => this.#write(': alive\n\n'), KEEP_ALIVE_MS);
    raw.once('close', () => {
      clearInterval(timer);
      forget();
      this.#feed?.close();
    });
  }

  /**
   * Answers 200 and begins. From here on a failure can only end the stream; its client resumes where it was. `place`:
   * where it begins, for a reader who did not say.
   */
  begin(feed: Feed, replay: () => Promise<void>, place: string | null): void {
    this.#feed = feed;
    this.reply.hijack();
    const { raw } = this.reply;
    raw.writeHead(200, {
      ...(this.reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    raw.write(place === null ? ': open\n\n' : `: open\nid: ${place}\n\n`);
    if (raw.destroyed) feed.close();
    replay().catch(() => raw.destroy());
  }

  #write(text: string): void {
    const { raw } = this.reply;
    if (raw.writableLength > BUFFERED_BYTES_LIMIT) raw.destroy();
    else if (!raw.writableEnded && !raw.destroyed) raw.write(text);
  }
}
