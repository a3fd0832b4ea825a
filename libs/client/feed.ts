import type { BerthError } from './errors.js';
import { EventPlace, type EventsFrom } from './event-place.js';
import type { Connection, Line } from './line.js';
import type { BotEvent, Container, Progress } from './types.js';

export interface FeedHandlers {
  /** Every event after the place, in order, none twice. */
  onEvent?: (event: BotEvent) => void;
  /** History that was asked for is gone: go on from this state. */
  onReset?: (reset: { botId: string; container: Container }) => void;
  /** How far a running operation has come. Not kept, and not told again. */
  onProgress?: (progress: Progress) => void;
  /** Changes of the connection beneath; events go on by themselves when it is back. */
  onConnection?: (connection: Connection, error: BerthError | null) => void;
  /** It was refused, and is over: an unknown bot, a missing scope. */
  onError?: (error: BerthError) => void;
}

/** Where a subscription began. */
export interface Began {
  /** Of one bot: its version and its container then. */
  version?: number;
  container?: Container;
  /** Of all. */
  cursor?: string;
}

/** A subscription. */
export interface Subscription {
  /** Resolves when it has begun for the first time; rejects where it is refused. */
  readonly ready: Promise<Began>;
  close(): void;
}

/** @internal */
interface FeedTies {
  /** The earliest place among the readers of the same events: a line tells each event once, to all of them. */
  earliest: (own: number | undefined) => number | undefined;
  stateOf: (botId: string) => Promise<Container>;
  closed: () => void;
}

/**
 * One reader of a line's events: resumed where it was after each connection.
 *
 * @internal
 */
export class Feed implements Subscription {
  readonly ready: Promise<Began>;
  readonly #place: EventPlace;
  #begin: (began: Began) => void = () => undefined;
  #refuse: (error: BerthError) => void = () => undefined;
  readonly #stopListening: () => void;
  #asked = 0;
  #answered = 0;
  #over = false;

  /** @internal */
  constructor(
    readonly from: EventsFrom,
    private readonly line: Line,
    private readonly handlers: FeedHandlers,
    private readonly ties: FeedTies,
  ) {
    this.#place = new EventPlace(from);
    this.ready = new Promise((resolve, reject) => {
      this.#begin = resolve;
      this.#refuse = reject;
    });
    // Whoever does not wait for it is told by `onError`.
    this.ready.catch(() => undefined);
    this.#stopListening = line.onConnection((connection, error) => {
      handlers.onConnection?.(connection, error);
      if (connection === 'connected') this.#ask();
      if (connection === 'refused' && error) this.#fail(error);
    });
    if (line.connection === 'connected') this.#ask();
  }

  /** The version after which it needs to be told; undefined where it has not begun, or is of all bots. */
  get after(): number | undefined {
    return this.#place.resume.after;
  }

  event(event: BotEvent): void {
    // What comes before the answer was sent before the question, and comes again.
    if (this.#over || this.#asked !== this.#answered) return;
    const judgement = this.#place.take(event);
    if (judgement === 'next') this.handlers.onEvent?.(event);
    else if (judgement === 'gap') this.#ask();
    else if (judgement === 'missing') void this.#makeUp(event.botId);
  }

  reset(reset: { botId: string; container: Container }): void {
    if (this.#over || this.#asked !== this.#answered) return;
    if (this.#place.reset(reset.container)) this.handlers.onReset?.(reset);
  }

  progress(progress: Progress): void {
    if (!this.#over) this.handlers.onProgress?.(progress);
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopListening();
    this.ties.closed();
  }

  /** Asks for what comes after the last that was seen. */
  #ask(): void {
    const { from } = this;
    const target =
      'botId' in from
        ? { botId: from.botId, after: this.ties.earliest(this.after) }
        : { all: true, ...this.#place.resume };
    const number = (this.#asked += 1);
    this.line.ask('subscribe', target, (error, ack) => {
      if (this.#over || number !== this.#asked) return;
      if (error) return this.#refused(error);
      this.#answered = number;
      this.#place.begin(ack);
      this.#begin(ack);
    });
  }

  /** The state as it is now, for events that Berth no longer tells. */
  async #makeUp(botId: string): Promise<void> {
    try {
      this.reset({ botId, container: await this.ties.stateOf(botId) });
    } catch {
      this.line.renew();
    }
  }

  #refused(error: BerthError): void {
    if (!error.retryable || error.code === 'quota_exceeded') this.#fail(error);
    else this.line.renew();
  }

  #fail(error: BerthError): void {
    if (this.#over) return;
    this.close();
    this.#refuse(error);
    this.handlers.onError?.(error);
  }
}
