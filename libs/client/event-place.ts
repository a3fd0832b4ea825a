import type { BotEvent, Container } from './types.js';

/** Where to begin. Of one bot, or of all of the tenant's; without a place: from now on. */
export type EventsFrom = { botId: string; after?: number } | { all?: true; cursor?: string };

/** What an event is to a reader: its next one; one that it has; or one that shows that others are missing before it. */
export type Judgement = 'next' | 'double' | 'gap' | 'missing';

/**
 * What a reader of events has seen. It tells how to go on after a broken connection, and holds each event against
 * what came before: versions of a bot count without a gap.
 *
 * @internal
 */
export class EventPlace {
  readonly #botId: string | null;
  #cursor: string | undefined;
  readonly #seen = new Map<string, { version: number; cursor?: string }>();
  #gap = '';

  constructor(from: EventsFrom) {
    this.#botId = 'botId' in from ? from.botId : null;
    if ('botId' in from && from.after !== undefined) this.#seen.set(from.botId, { version: from.after });
    if ('cursor' in from) this.#cursor = from.cursor;
  }

  /** What to ask for, so that nothing is missed. */
  get resume(): { after?: number; cursor?: string } {
    const after = this.#botId === null ? undefined : this.#seen.get(this.#botId)?.version;
    if (after !== undefined) return { after };
    return this.#cursor === undefined ? {} : { cursor: this.#cursor };
  }

  /** The version up to which a bot is known. */
  versionOf(botId: string): number | undefined {
    return this.#seen.get(botId)?.version;
  }

  /** Where it has begun, which is told to one that did not say. */
  begin({ version, cursor }: { version?: number; cursor?: string }): void {
    const isKnown = Object.keys(this.resume).length > 0;
    if (isKnown) return;
    if (version !== undefined && this.#botId !== null) this.#seen.set(this.#botId, { version });
    this.#cursor = cursor;
  }

  /**
   * `gap`: ask again from `resume`, which leads before what is missing. `missing`: that was tried, and did not bring
   * it; the bot's state as it is now, given to `reset`, makes up for it.
   */
  take({ botId, version, cursor }: BotEvent): Judgement {
    const seen = this.#seen.get(botId);
    if (seen && version <= seen.version) return 'double';
    if (seen && version > seen.version + 1) {
      const gap = `${botId} ${seen.version}`;
      if (this.#gap === gap) return 'missing';
      this.#gap = gap;
      // What is missing may lie before events of other bots that were seen since.
      this.#cursor = seen.cursor ?? this.#cursor;
      return 'gap';
    }
    this.#seen.set(botId, { version, cursor });
    this.#cursor = cursor;
    return 'next';
  }

  /** History is gone, and this is the state instead. False where that is known already. */
  reset({ botId, version }: Pick<Container, 'botId' | 'version'>, cursor?: string): boolean {
    const isNews = this.#seen.get(botId)?.version !== version;
    this.#seen.set(botId, { version, cursor });
    if (cursor !== undefined) this.#cursor = cursor;
    return isNews;
  }
}
