import type { ContainerView, EventView } from '#contracts';
import { isAfter, parseCursor, START, type Cursor } from '#persistence';
import { ApiError } from '../http/problem.js';
import { BotFeed } from './bot-feed.js';
import type { FeedParts, Sink } from './feed.js';
import { TenantFeed } from './tenant-feed.js';

const LIMIT = 500;

/** Of two that cover a bot, the one of higher rank tells of it: the newer one if it replays, else the older one. */
interface Subscription<F> {
  feed: F;
  rank: number;
}

/**
 * What one socket is subscribed to. Where `all` and a bot's own subscription meet, one of them is silent, so that
 * what comes live comes once and in order; what either was asked to replay, it replays. When one ends, the other
 * goes on where that was. Calls must not overlap.
 */
export class Subscriptions {
  readonly #bots = new Map<string, Subscription<BotFeed>>();
  #all: Subscription<TenantFeed> | null = null;
  /** Of bots that both tell of, or told of until now, the last version that was told. */
  readonly #told = new Map<string, number>();
  #count = 0;
  #closed = false;

  constructor(
    private readonly parts: FeedParts,
    private readonly tenantId: string,
    private readonly sink: Sink,
  ) {}

  /** `opened` is told where it begins, before anything is replayed. Throws ApiError. */
  async addAll(after: Cursor | undefined, opened: (at: { cursor: string }) => void): Promise<void> {
    if (!this.#all) this.#admit();
    this.#all?.feed.close();
    const rank = this.#rank(after);
    const sink = this.#sinkOf(
      (botId) => (this.#bots.get(botId)?.rank ?? -Infinity) > rank,
      ({ botId, version }) => version <= (this.#bots.get(botId)?.feed.start ?? 0),
    );
    const feed = new TenantFeed(this.parts, this.tenantId, sink);
    this.#all = { feed, rank };
    if (after !== undefined) this.#told.clear();
    opened(feed.open(after));
    await feed.replay(after);
  }

  /** `opened` is told where it begins, before anything is replayed. Throws ApiError, Refusal. */
  async addBot(
    botId: string,
    after: number | undefined,
    opened: (at: { version: number; container: ContainerView }) => void,
  ): Promise<void> {
    if (!this.#bots.has(botId)) this.#admit();
    this.#bots.get(botId)?.feed.close();
    this.#bots.delete(botId);
    const rank = this.#rank(after);
    const sink = this.#sinkOf(
      () => (this.#all?.rank ?? -Infinity) > rank,
      ({ cursor }) => !isAfter(parseCursor(cursor), this.#all?.feed.start ?? START),
    );
    const feed = new BotFeed(this.parts, this.tenantId, sink);
    const all = this.#all?.feed;
    // What comes while this one opens is told when it is known by which of the two.
    all?.hold();
    let from = after;
    try {
      const at = await feed.open(botId);
      if (all && after !== undefined) from = await feed.reachBack(after, all.position, this.#told.get(botId) ?? 0);
      if (this.#closed) return feed.close();
      this.#bots.set(botId, { feed, rank });
      if (after !== undefined) this.#told.delete(botId);
      opened(at);
    } catch (error) {
      feed.close();
      this.removeBot(botId);
      throw error;
    } finally {
      all?.release();
    }
    await feed.replay(from);
  }

  removeAll(): void {
    this.#all?.feed.close();
    this.#all = null;
    for (const botId of this.#told.keys()) if (!this.#bots.has(botId)) this.#told.delete(botId);
  }

  removeBot(botId: string): void {
    this.#bots.get(botId)?.feed.close();
    this.#bots.delete(botId);
    if (!this.#all) this.#told.delete(botId);
  }

  close(): void {
    this.#closed = true;
    this.#all?.feed.close();
    for (const { feed } of this.#bots.values()) feed.close();
  }

  #admit(): void {
    if (this.#bots.size + (this.#all ? 1 : 0) < LIMIT) return;
    throw new ApiError('quota_exceeded', `A socket has at most ${LIMIT} subscriptions; subscribe to all instead.`);
  }

  #rank(after: unknown): number {
    this.#count += 1;
    return after === undefined ? -this.#count : this.#count;
  }

  /** Of one of two. A silent one still tells what lies before the other's beginning. */
  #sinkOf(isSilent: (botId: string) => boolean, isBeforeOther: (event: EventView) => boolean): Sink {
    const { sink } = this;
    return {
      event: (event) => {
        if (!isSilent(event.botId) || isBeforeOther(event)) this.#tell(event);
      },
      progress: (progress) => {
        if (!isSilent(progress.botId)) sink.progress(progress);
      },
      reset: (botId, container, cursor) => {
        if (this.#bots.has(botId)) this.#told.set(botId, container.version);
        sink.reset(botId, container, cursor);
      },
      overflow: () => sink.overflow(),
    };
  }

  #tell(event: EventView): void {
    const { botId, version } = event;
    if (version <= (this.#told.get(botId) ?? -1)) return;
    if (this.#bots.has(botId)) this.#told.set(botId, version);
    else this.#told.delete(botId);
    this.sink.event(event);
  }
}
