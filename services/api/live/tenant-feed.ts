import { presentContainer, type ContainerView } from '#contracts';
import type { Lane } from '#domain';
import { formatCursor, isAfter, listContainers, START, type Cursor, type StoredEvent } from '#persistence';
import { Feed, PAGE } from './feed.js';

/** The events of all of a tenant's bots, followed by place. */
export class TenantFeed extends Feed {
  #cursor: Cursor = START;
  #start: Cursor = START;
  /** Versions that a reset has told already. */
  readonly #told = new Map<string, number>();

  /** Begins to listen. The cursor is where it begins. */
  open(after: Cursor | undefined): { cursor: string } {
    this.join(null);
    this.#start = this.#cursor = after ?? this.parts.tail.position;
    return { cursor: formatCursor(this.#cursor) };
  }

  /** The place after which it began. */
  get start(): Cursor {
    return this.#start;
  }

  /** The place up to which it has told everything. */
  get position(): Cursor {
    return this.#cursor;
  }

  async replay(after: Cursor | undefined): Promise<void> {
    if (after !== undefined) await this.#past();
    if (!this.closed) this.release();
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
    this.#start = this.#cursor = this.parts.tail.position;
    let afterBotId: string | undefined;
    let last: ContainerView | undefined;
    while (!this.closed) {
      const lanes: Lane[] = await listContainers(this.parts.database, {
        tenantId: this.tenantId,
        afterBotId,
        limit: PAGE,
      });
      for (const lane of lanes) {
        this.#told.set(lane.bot.botId, lane.bot.version);
        if (last) this.sink.reset(last.botId, last, null);
        last = presentContainer(lane);
      }
      afterBotId = lanes.at(-1)?.bot.botId;
      if (lanes.length < PAGE) break;
    }
    // Whoever is cut off before the last of them is to get all of them again.
    if (last && !this.closed) this.sink.reset(last.botId, last, formatCursor(this.#cursor));
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
