import type { ContainerView, EventView, ProgressView } from '#contracts';
import type { BotStore, Database, EventStore, StoredEvent } from '#persistence';
import type { Hub } from './hub.js';
import type { Tail } from './tail.js';

/** Events read at a time. */
export const PAGE = 500;
/** More than this while a replay runs, and the client is better served by a new one. */
const BUFFER_LIMIT = 10_000;

/** Where a feed's messages go: a socket, or a stream over HTTP. */
export interface Sink {
  event(event: EventView): void;
  progress(progress: ProgressView): void;
  /**
   * History that was asked for is gone: here is all of the bot as it is now. `cursor` is where a reader resumes that
   * has got so far; null where it has not got all of it yet.
   */
  reset(botId: string, container: ContainerView, cursor: string | null): void;
  /** The reader is too slow, or the feed failed: it is to connect again and resume. */
  overflow(): void;
}

export interface FeedParts {
  hub: Hub;
  tail: Tail;
  events: EventStore;
  bots: BotStore;
  database: Database;
}

/**
 * Events to one reader: first those it missed, then live ones, in order, none twice. It joins the hub before it
 * reads the past, keeps what comes meanwhile, and drops from that what the past already had.
 */
export abstract class Feed {
  #leave: () => void = () => undefined;
  #buffer: StoredEvent[] | null = [];
  protected closed = false;

  constructor(
    protected readonly parts: FeedParts,
    protected readonly tenantId: string,
    protected readonly sink: Sink,
  ) {}

  protected join(botId: string | null): void {
    this.#leave = this.parts.hub.join(this.tenantId, {
      botId,
      onEvent: (event) => this.#take(event),
      onProgress: (progress) => {
        if (this.#buffer === null) this.sink.progress(progress);
      },
    });
  }

  /** Keeps what comes from here on, until it is released. */
  hold(): void {
    this.#buffer ??= [];
  }

  /** From here on events go straight through. */
  release(): void {
    const waiting = this.#buffer ?? [];
    this.#buffer = null;
    for (const event of waiting) this.deliver(event);
  }

  protected abstract deliver(event: StoredEvent): void;

  close(): void {
    this.closed = true;
    this.#leave();
  }

  #take(event: StoredEvent): void {
    if (this.#buffer === null) return this.deliver(event);
    this.#buffer.push(event);
    if (this.#buffer.length <= BUFFER_LIMIT) return;
    this.close();
    this.sink.overflow();
  }
}
