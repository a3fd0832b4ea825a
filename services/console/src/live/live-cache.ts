import type { BerthError, BotEvent, Connection, Container, Live, Operation, Progress } from '#client';
import type { QueryClient } from '@tanstack/react-query';
import { addEvents, applyEvent, applyToBots, applyToOperations, newer, type BotsById } from './apply';
import { keys } from './keys';

const BATCH_MS = 40;
type Listener = () => void;

/**
 * One subscription to all that happens, put into the cache of queries: every screen shows the cache, and none of them
 * asks twice. Events come in order and none is left out, whatever the connection does.
 */
export class LiveCache {
  #connection: Connection = 'connecting';
  #since = Date.now();
  #pending: BotEvent[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  readonly #listeners = new Set<Listener>();
  readonly #refused = new Set<(error: BerthError) => void>();
  #begun: Promise<unknown> = Promise.resolve();

  constructor(
    readonly socket: Live,
    private readonly cache: QueryClient,
  ) {}

  /** Resolves when events are being told: what is read after that misses nothing. */
  get begun(): Promise<unknown> {
    return this.#begun;
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** Since when it is as it is. Milliseconds since the epoch. */
  get since(): number {
    return this.#since;
  }

  start(): void {
    const subscription = this.socket.subscribe(
      { all: true },
      {
        onEvent: (event) => this.#take(event),
        onReset: ({ container }) => this.#replace(container),
        onProgress: (progress) => this.#tellProgress(progress),
        onConnection: (connection) => this.#become(connection),
        onError: (error) => {
          for (const listener of this.#refused) listener(error);
        },
      },
    );
    this.#begun = subscription.ready;
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#listeners.clear();
    this.#refused.clear();
    this.socket.close();
  }

  onConnection = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Told when the key is no longer good. */
  onRefused(listener: (error: BerthError) => void): void {
    this.#refused.add(listener);
  }

  #become(connection: Connection): void {
    this.#connection = connection;
    this.#since = Date.now();
    for (const listener of this.#listeners) listener();
  }

  /** A storm of events becomes a few paints. */
  #take(event: BotEvent): void {
    this.#pending.push(event);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#flush();
    }, BATCH_MS);
  }

  #flush(): void {
    const { cache } = this;
    const events = this.#pending;
    this.#pending = [];
    cache.setQueryData<BotsById>(keys.bots, (bots) => bots && applyToBots(bots, events));
    const stale = new Map<string, readonly unknown[]>();
    for (const event of events) {
      const { botId, data } = event;
      cache.setQueryData<Container>(keys.container(botId), (known) => known && applyEvent(known, event));
      cache.setQueriesData<BotEvent[]>({ queryKey: keys.events(botId) }, (known) => known && addEvents(known, [event]));
      const { operation } = data;
      if (operation) {
        cache.setQueryData<Operation>(keys.operation(operation.id), (known) => known && newer(operation, known));
      }
      // What an event does not carry, such as how many wait, is asked for where it is shown.
      stale.set(`container ${botId}`, keys.container(botId));
      if (event.type.startsWith('snapshot.') || operation?.kind.startsWith('snapshot.')) {
        stale.set(`snapshots ${botId}`, keys.snapshots(botId));
      }
      // What is in a container is read when it runs; another one may be behind the same name then.
      if (event.type === 'container.status') stale.set(`files ${botId}`, keys.filesOf(botId));
      if (event.type.startsWith('task.')) stale.set(`tasks ${botId}`, keys.tasks(botId));
    }
    cache.setQueriesData<ReturnType<typeof applyToOperations>>(
      { queryKey: keys.operations },
      (known) => known && applyToOperations(known, events),
    );
    for (const queryKey of stale.values()) void cache.invalidateQueries({ queryKey });
  }

  #replace(container: Container): void {
    const { cache } = this;
    cache.setQueryData(keys.container(container.botId), container);
    cache.setQueryData<BotsById>(keys.bots, (bots) => bots && { ...bots, [container.botId]: container });
    void cache.invalidateQueries();
  }

  #tellProgress(progress: Progress): void {
    this.cache.setQueryData(keys.progress(progress.operationId), progress);
  }
}
