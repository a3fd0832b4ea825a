import { presentContainer, type ContainerView, type EventView, type ProgressView } from '#contracts';
import { Refusal, type Lane } from '#domain';
import {
  formatCursor,
  isAfter,
  listContainers,
  type BotStore,
  type Cursor,
  type Database,
  type EventStore,
  type StoredEvent,
} from '#persistence';
import type { Hub } from './hub.js';
import type { Tail } from './tail.js';

const PAGE = 500;
/** More than this while a replay runs, and the client is better served by a new one. */
const BUFFER_LIMIT = 10_000;

/** Where a feed's messages go: a socket, or a stream over HTTP. */
export interface Sink {
  event(event: EventView): void;
  progress(progress: ProgressView): void;
  /** History that was asked for is gone: here is all of the bot as it is now. */
  reset(botId: string, container: ContainerView): void;
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
abstract class Feed {
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

  /** From here on events go straight through. */
  protected goLive(): void {
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

export class BotFeed extends Feed {
  #version = 0;
  #lane: Lane | null = null;

  /** Reads the bot and begins to listen. Throws Refusal. */
  async open(botId: string): Promise<{ version: number; container: ContainerView }> {
    this.join(botId);
    this.#lane = await this.parts.bots.find(this.tenantId, botId);
    if (!this.#lane) {
      this.close();
      throw new Refusal('bot_not_found', `There is no bot "${botId}".`);
    }
    this.#version = this.#lane.bot.version;
    return { version: this.#version, container: presentContainer(this.#lane) };
  }

  /** Sends what came after a version, or place, and goes on live. Without one: from now on. */
  async replay(after: number | Cursor | undefined): Promise<void> {
    const lane = this.#lane;
    if (!lane) return;
    if (typeof after === 'number') await this.#past(lane, after);
    else if (after !== undefined) await this.#pastFrom(lane, after);
    if (!this.closed) this.goLive();
  }

  async #pastFrom(lane: Lane, cursor: Cursor): Promise<void> {
    const { events } = this.parts;
    if ((await events.placeOf(cursor)) === 'unknown') return this.#reset(lane);
    return this.#past(lane, await events.versionAt(lane.bot.key, cursor));
  }

  async #past(lane: Lane, from: number): Promise<void> {
    this.#version = from;
    while (!this.closed) {
      const events = await this.parts.events.ofBot(lane.bot.key, this.#version, PAGE);
      const first = events[0];
      const gap = first
        ? first.view.version !== this.#version + 1
        : this.#version !== lane.bot.version && this.#version !== (await this.#currentVersion(lane));
      if (gap) return this.#reset(lane);
      for (const event of events) this.deliver(event);
      if (events.length < PAGE) return;
    }
  }

  async #currentVersion(lane: Lane): Promise<number> {
    return (await this.parts.bots.findByKey(lane.bot.key))?.bot.version ?? 0;
  }

  async #reset(lane: Lane): Promise<void> {
    const now = (await this.parts.bots.findByKey(lane.bot.key)) ?? lane;
    this.#version = now.bot.version;
    this.sink.reset(now.bot.botId, presentContainer(now));
  }

  protected deliver({ view }: StoredEvent): void {
    if (this.closed || view.version <= this.#version) return;
    this.#version = view.version;
    this.sink.event(view);
  }
}

export class TenantFeed extends Feed {
  #cursor: Cursor = { txid: 0n, id: 0n };
  /** Versions that a reset has told already. */
  readonly #told = new Map<string, number>();

  /** Begins to listen. The cursor is where it begins. */
  open(after: Cursor | undefined): { cursor: string } {
    this.join(null);
    this.#cursor = after ?? this.parts.tail.position;
    return { cursor: formatCursor(this.#cursor) };
  }

  async replay(after: Cursor | undefined): Promise<void> {
    if (after !== undefined) await this.#past();
    if (!this.closed) this.goLive();
  }

  async #past(): Promise<void> {
    let isReset = false;
    while (!this.closed) {
      const from = this.#cursor;
      const events = await this.parts.events.ofTenant(this.tenantId, from, PAGE);
      // Asked after the reading, so that nothing can have been forgotten in between.
      if (!isReset && (await this.parts.events.placeOf(from)) !== 'known') {
        await this.#reset();
        isReset = true;
        continue;
      }
      for (const event of events) this.deliver(event);
      if (events.length < PAGE) return;
    }
  }

  async #reset(): Promise<void> {
    this.#cursor = this.parts.tail.position;
    let afterBotId: string | undefined;
    while (!this.closed) {
      const lanes: Lane[] = await listContainers(this.parts.database, {
        tenantId: this.tenantId,
        afterBotId,
        limit: PAGE,
      });
      for (const lane of lanes) {
        this.#told.set(lane.bot.botId, lane.bot.version);
        this.sink.reset(lane.bot.botId, presentContainer(lane));
      }
      afterBotId = lanes.at(-1)?.bot.botId;
      if (lanes.length < PAGE) return;
    }
  }

  protected deliver({ view, cursor }: StoredEvent): void {
    if (this.closed || !isAfter(cursor, this.#cursor)) return;
    this.#cursor = cursor;
    const told = this.#told.get(view.botId);
    if (told !== undefined && view.version <= told) return;
    if (told !== undefined) this.#told.delete(view.botId);
    this.sink.event(view);
  }
}
