import type { BusMessage } from '#messaging';
import { START, type Cursor, type EventStore } from '#persistence';
import type { Log, Metrics } from '#platform';
import type { Hub } from './hub.js';

const PAGE = 500;
/** The bus may fail; the table is looked at this often all the same. */
const IDLE_MS = 1_000;
/** A commit that is still open hides what came after it for a moment; one that lasts is asked for less and less often. */
const UNSETTLED_MS = 4;
const UNSETTLED_MAX_MS = 256;
const GATHER_MS = 3;

/** Follows the table of events from where this process began, and gives each event to the hub once, in order. */
export class Tail {
  #position: Cursor = START;
  #wake: (() => void) | null = null;
  #rung = false;
  #stopped = false;
  #unsettledMs = UNSETTLED_MS;
  #done: Promise<void> = Promise.resolve();

  constructor(
    private readonly events: EventStore,
    private readonly hub: Hub,
    private readonly log: Log,
    private readonly metrics: Metrics,
  ) {}

  /** The place up to which everything has been given to the hub. */
  get position(): Cursor {
    return this.#position;
  }

  async start(): Promise<void> {
    this.#position = await this.events.head();
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.look();
    await this.#done;
  }

  /** From the bus: something was committed, or somebody reports progress. */
  hear(message: BusMessage): void {
    if (message.type === 'events') this.look();
    if (message.type !== 'progress') return;
    const { tenantId, ...progress } = message.progress;
    this.hub.progress(tenantId, progress);
  }

  look(): void {
    this.#rung = true;
    this.#wake?.();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#rung = false;
      const next = await this.#page();
      if (next === 'more') continue;
      // In a storm of commits a page of many costs little more than one of a single event.
      if (this.#rung) await this.#gather();
      await this.#pause(next === 'unsettled' ? this.#unsettledMs : IDLE_MS);
      if (next === 'unsettled') this.#unsettledMs = Math.min(2 * this.#unsettledMs, UNSETTLED_MAX_MS);
    }
  }

  async #page(): Promise<'more' | 'unsettled' | 'idle'> {
    try {
      const { events, pending } = await this.events.tail(this.#position, PAGE);
      for (const event of events) {
        this.#position = event.cursor;
        this.hub.event(event);
      }
      const last = events.at(-1);
      if (last) this.metrics.eventTailLag.set(Math.max(0, Date.now() - Date.parse(last.view.at)) / 1000);
      if (last || !pending) this.#unsettledMs = UNSETTLED_MS;
      if (events.length === PAGE) return 'more';
      return pending ? 'unsettled' : 'idle';
    } catch (error) {
      this.log.warn({ err: error }, 'the events could not be read; trying again');
      return 'idle';
    }
  }

  #gather(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, GATHER_MS));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#rung) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#wake = done;
    });
  }
}
