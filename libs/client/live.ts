import { BerthConnectionError, type BerthError } from './errors.js';
import type { EventsFrom } from './event-place.js';
import { Feed, type FeedHandlers, type Subscription } from './feed.js';
import type { Http } from './http.js';
import { Line, type Connection, type ConnectionListener } from './line.js';
import { Terminals, type Terminal, type TerminalHandlers, type TerminalOptions } from './terminal.js';
import type { BotEvent, Container, Progress } from './types.js';

/** Of several lines, the one that is worst off tells how it is. */
const WORST: Connection[] = ['closed', 'refused', 'reconnecting', 'connecting', 'connected'];

/**
 * Events and terminals over socket.io. It connects when it is first used, and again for as long as it takes; each
 * subscription goes on after the last event that it has seen. One line serves bots and terminals; a subscription to
 * all has a line of its own, so that what is replayed to one reader is not taken for another's.
 */
export class Live {
  readonly #http: Http;
  readonly #lines = new Set<Line>();
  readonly #feeds = new Set<Feed>();
  readonly #listeners = new Set<ConnectionListener>();
  #bots: { line: Line; terminals: Terminals } | null = null;
  #told: Connection = 'connecting';
  #closed = false;

  /** @internal */
  constructor(http: Http) {
    this.#http = http;
  }

  /** `connecting` too while nothing has been asked of it. */
  get connection(): Connection {
    if (this.#closed) return 'closed';
    const states = [...this.#lines].map((line) => line.connection);
    return WORST.find((state) => states.includes(state)) ?? 'connecting';
  }

  /** Told of every change. Returns how to stop listening. */
  onConnection(listener: ConnectionListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** One bot's events after a version, or all of the tenant's after a cursor; without either, from now on. Throws where this is closed. */
  subscribe(from: EventsFrom, handlers: FeedHandlers): Subscription {
    if (!('botId' in from)) return this.#subscribeAll(from, handlers);
    const { botId } = from;
    const { line } = this.#botLine();
    const ofBot = (): Feed[] => [...this.#feeds].filter((feed) => 'botId' in feed.from && feed.from.botId === botId);
    const feed: Feed = new Feed(from, line, handlers, {
      earliest: (own) => {
        const known = [own, ...ofBot().map(({ after }) => after)].filter((after) => after !== undefined);
        return known.length === 0 ? undefined : Math.min(...known);
      },
      stateOf: (id) => this.#stateOf(id),
      closed: () => {
        this.#feeds.delete(feed);
        if (ofBot().length === 0) line.ask('unsubscribe', { botId }, () => undefined);
      },
    });
    this.#feeds.add(feed);
    return feed;
  }

  /** A program in a terminal of a bot's container. Throws BerthError. */
  async openTerminal(options: TerminalOptions, handlers: TerminalHandlers = {}): Promise<Terminal> {
    return this.#botLine().terminals.open(options, handlers);
  }

  /** Ends all subscriptions and terminals. */
  close(): void {
    this.#closed = true;
    for (const feed of [...this.#feeds]) feed.close();
    for (const line of this.#lines) line.close();
    this.#bots = null;
    this.#look(null);
  }

  #subscribeAll(from: EventsFrom, handlers: FeedHandlers): Subscription {
    const line = this.#newLine((_, tell) => tell(feed));
    const feed: Feed = new Feed(from, line, handlers, {
      earliest: () => undefined,
      stateOf: (id) => this.#stateOf(id),
      closed: () => {
        this.#feeds.delete(feed);
        this.#lines.delete(line);
        line.close();
      },
    });
    this.#feeds.add(feed);
    return feed;
  }

  #botLine(): { line: Line; terminals: Terminals } {
    if (this.#bots) return this.#bots;
    const line = this.#newLine((botId, tell) => {
      for (const feed of [...this.#feeds]) if ('botId' in feed.from && feed.from.botId === botId) tell(feed);
    });
    this.#bots = { line, terminals: new Terminals(line) };
    return this.#bots;
  }

  /** `each` gives what comes of a bot to whom it concerns. */
  #newLine(each: (botId: string, tell: (feed: Feed) => void) => void): Line {
    if (this.#closed) throw new BerthConnectionError('It was closed: ask the client for another one.');
    const line = new Line(this.#http.base, this.#http.token);
    this.#lines.add(line);
    line.on<BotEvent>('event', (event) => each(event.botId, (feed) => feed.event(event)));
    line.on<Progress>('progress', (progress) => each(progress.botId, (feed) => feed.progress(progress)));
    line.on<{ botId: string; container: Container }>('reset', (reset) =>
      each(reset.botId, (feed) => feed.reset(reset)),
    );
    line.onConnection((_, error) => this.#look(error));
    return line;
  }

  #look(error: BerthError | null): void {
    const { connection } = this;
    if (connection === this.#told) return;
    this.#told = connection;
    for (const listener of [...this.#listeners]) listener(connection, error);
  }

  #stateOf(botId: string): Promise<Container> {
    return this.#http.json('getContainer', 'GET', '/v1/bots/:botId/container', { params: { botId } });
  }
}
