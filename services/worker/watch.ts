import type { LastEnd } from '#domain';
import type { BotStore } from '#persistence';
import type { Log } from '#platform';
import type { ContainerRuntime, RuntimeEvent } from '#runtime';
import { validate as isUuid } from 'uuid';
import type { Reconciler } from './reconciler.js';

const LISTING_MS = 30_000;
const RECONNECT_MS = 500;
/** By then whoever was marking containers as the engine came back has finished. */
const SECOND_LOOK_MS = 2_000;
const OOM_TO_DEATH_MS = 1_000;

export interface WatchParts {
  runtime: ContainerRuntime;
  bots: BotStore;
  reconciler: Reconciler;
  log: Log;
  /** Key of the bot where an operation of it runs here, which will tell the truth itself. */
  runningBot: (tenantId: string, botId: string) => string | null;
  /** A program that was begun beside a main process has ended. */
  onProgramEnd: (containerId: string) => void;
  /** The engine seems to have gone away. */
  onLost: () => void;
  /** The engine answers. */
  onAnswer: () => Promise<void>;
  /** And every container was looked at. */
  onTruth: () => Promise<void>;
}

/**
 * Follows the engine. Its events are hints that make news fast; a listing at every (re)connect and every 30 s is
 * the evidence.
 */
export class Watch {
  readonly #parts: WatchParts;
  readonly #stop = new AbortController();
  readonly #looking = new Map<string, { again: boolean; hint: LastEnd | null }>();
  readonly #oom = new Map<string, Date>();
  /** The last event of bots whose operation runs. */
  readonly #passed = new Map<string, { at: number; hint: LastEnd | null }>();
  #since: Date | undefined;
  #connection = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #listing: Promise<void> | null = null;
  #done: Promise<void> = Promise.resolve();

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#done = this.#follow();
    const tick = (): void => {
      this.#timer = setTimeout(
        () =>
          void this.#list()
            .catch(() => undefined)
            .finally(tick),
        LISTING_MS * (0.9 + Math.random() / 5),
      );
    };
    tick();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#connection.abort();
    if (this.#timer) clearTimeout(this.#timer);
    await this.#done;
  }

  /** After an operation: what happened to its container since it was last looked at was passed over until now. */
  settled(botKey: string, lookedAt: number): void {
    const passed = this.#passed.get(botKey);
    this.#passed.delete(botKey);
    if (lookedAt === 0 || (passed && passed.at >= lookedAt)) void this.#look(botKey, passed?.hint ?? null);
  }

  /**
   * Somebody else found the engine gone. An engine that hung leaves its stream open, so nothing here would tell when
   * it answers again; a new connection does.
   */
  reconnect(): void {
    this.#connection.abort();
  }

  /** Looks at all containers now, and goes on until that has worked or the engine went away. */
  async lookAtAll(): Promise<void> {
    const { signal } = this.#connection;
    while (!signal.aborted) {
      try {
        await this.#parts.onAnswer();
        await this.#list();
        return await this.#parts.onTruth();
      } catch (error) {
        this.#parts.log.warn({ err: error }, 'the containers could not be looked at; trying again');
        this.#parts.onLost();
      }
      await pause(RECONNECT_MS, signal);
    }
  }

  async #follow(): Promise<void> {
    const { runtime, log } = this.#parts;
    while (!this.#stop.signal.aborted) {
      const connection = new AbortController();
      this.#connection = connection;
      try {
        const since = this.#since && new Date(this.#since.getTime() - 1_000);
        const events = runtime.events({
          signal: connection.signal,
          ...(since && { since }),
          onOpen: () => void this.#opened(connection.signal),
        });
        for await (const event of events) void this.#take(event);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        log.warn({ err: error }, 'the engine’s events ended; connecting again');
        this.#parts.onLost();
      } finally {
        connection.abort();
      }
      await pause(RECONNECT_MS, this.#stop.signal);
    }
  }

  async #opened(connection: AbortSignal): Promise<void> {
    await this.lookAtAll();
    await pause(SECOND_LOOK_MS, connection);
    if (!connection.aborted) await this.#list().catch(() => undefined);
  }

  #list(): Promise<void> {
    this.#listing ??= this.#parts.reconciler.lookAtAll().finally(() => (this.#listing = null));
    return this.#listing;
  }

  async #take(event: RuntimeEvent): Promise<void> {
    this.#since = event.at;
    if (event.action === 'oom') this.#oom.set(event.containerId, event.at);
    // Labels are anybody's to write: a tenant that is no UUID is none of ours.
    if (!event.identity || !isUuid(event.identity.tenantId)) return;
    if (event.action === 'create' || event.action === 'kill') return;
    if (event.action === 'exec_die') return this.#parts.onProgramEnd(event.containerId);
    let hint: LastEnd | null = null;
    if (event.action === 'die') {
      hint = { exitCode: event.exitCode, oomKilled: this.#diedOfMemory(event) };
    }
    const busy = this.#parts.runningBot(event.identity.tenantId, event.identity.botId);
    if (busy !== null) {
      this.#passed.set(busy, { at: event.at.getTime(), hint });
      return;
    }
    try {
      const lane = await this.#parts.bots.find(event.identity.tenantId, event.identity.botId);
      if (lane && lane.bot.incarnation <= event.identity.incarnation) await this.#look(lane.bot.key, hint);
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'an event could not be followed up; the next listing will');
    }
  }

  /** Any process of a container may run out of memory; the main one did if it ended with it. */
  #diedOfMemory({ containerId, at }: RuntimeEvent): boolean {
    const oomAt = this.#oom.get(containerId);
    this.#oom.delete(containerId);
    return oomAt !== undefined && at.getTime() - oomAt.getTime() < OOM_TO_DEATH_MS;
  }

  /** One look at a time per bot; what comes meanwhile is one more look. */
  async #look(botKey: string, hint: LastEnd | null): Promise<void> {
    const busy = this.#looking.get(botKey);
    if (busy) {
      busy.again = true;
      busy.hint = hint ?? busy.hint;
      return;
    }
    const look = { again: false, hint };
    this.#looking.set(botKey, look);
    try {
      do {
        look.again = false;
        await this.#parts.reconciler.look(botKey, look.hint, 'event');
      } while (look.again);
    } catch (error) {
      this.#parts.log.warn({ err: error, botKey }, 'a look at a container failed; the next listing will tell');
    } finally {
      this.#looking.delete(botKey);
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
