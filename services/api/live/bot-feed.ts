import { presentContainer, type ContainerView } from '#contracts';
import { Refusal, type Lane } from '#domain';
import { formatCursor, type Cursor, type StoredEvent } from '#persistence';
import { Feed, PAGE } from './feed.js';

/** One bot's events, followed by version. */
export class BotFeed extends Feed {
  #version = 0;
  #start = 0;
  #lane: Lane | null = null;

  /** The version after which it began. */
  get start(): number {
    return this.#start;
  }

  /** Reads the bot and begins to listen. Throws Refusal, DatabaseFault. */
  async open(botId: string): Promise<{ version: number; container: ContainerView }> {
    this.join(botId);
    try {
      this.#lane = await this.parts.bots.find(this.tenantId, botId);
      if (!this.#lane) throw new Refusal('bot_not_found', `There is no bot "${botId}".`);
    } catch (error) {
      this.close();
      throw error;
    }
    this.#version = this.#start = this.#lane.bot.version;
    return { version: this.#version, container: presentContainer(this.#lane) };
  }

  /**
   * Where to replay from, so that a reader misses nothing who has been told everything up to `place`, and of this bot
   * up to the version `told`: at `after`, or before it.
   */
  async reachBack(after: number, place: Cursor, told: number): Promise<number> {
    const bot = this.#lane?.bot;
    this.#start = after;
    // One from the future is not ours to lower: it is answered with a reset.
    if (!bot || after <= told || after > bot.version) return after;
    const version = await this.parts.events.versionAt(bot.key, place);
    this.#start = Math.min(after, Math.max(told, version));
    return this.#start;
  }

  /** Sends what came after a version, or place, and goes on live. Without one: from now on. */
  async replay(after: number | Cursor | undefined): Promise<void> {
    const lane = this.#lane;
    if (!lane) return;
    if (typeof after === 'number') await this.#past(lane, after);
    else if (after !== undefined) await this.#pastFrom(lane, after);
    if (!this.closed) this.release();
  }

  async #pastFrom(lane: Lane, cursor: Cursor): Promise<void> {
    const { events } = this.parts;
    const version = await events.versionAt(lane.bot.key, cursor);
    // Asked after the reading, so that nothing can have been forgotten in between.
    const place = await events.placeOf(cursor);
    if (place === 'unknown') return this.#reset(lane);
    // Of what was pruned some may have been the bot's: a gap behind its beginning tells.
    return this.#past(lane, place === 'known' ? version : 0);
  }

  async #past(lane: Lane, from: number): Promise<void> {
    this.#version = this.#start = from;
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
    // Taken before the bot is read, so that nothing lies between the two.
    const place = formatCursor(this.parts.tail.position);
    const now = (await this.parts.bots.findByKey(lane.bot.key)) ?? lane;
    this.#version = this.#start = now.bot.version;
    this.sink.reset(now.bot.botId, presentContainer(now), place);
  }

  protected deliver({ view }: StoredEvent): void {
    if (this.closed || view.version <= this.#version) return;
    this.#version = view.version;
    this.sink.event(view);
  }
}
