import { QueueEvents, type IQueueBackend, type QueueEventsListener } from 'bullmq';
import { decodeMessages } from './bus-message.js';
import { BUS, MESSAGES_EVENT, type BusPublisher } from './bus-publisher.js';
import { pause, settlesWithin } from './deadline.js';
import type { BusMessage, EventBus } from './port.js';
import { CONNECTION_OF_STORE, type OnFault, type Store } from './store.js';

const RETRY_MS = 500;
const BLOCK_MS = 10_000;

interface BusEvents extends QueueEventsListener<unknown> {
  [MESSAGES_EVENT]: (event: { messages?: unknown }, id: string) => void;
}
type Listener = (message: BusMessage) => void;

/** BullMQ's custom queue events, one reader per process, started with the first listener. */
export class QueueEventBus implements EventBus {
  private readonly listeners = new Set<Listener>();
  private readonly stopping = new AbortController();
  private events: QueueEvents<unknown, IQueueBackend, unknown> | undefined;
  private reading: Promise<void> | undefined;

  constructor(
    private readonly store: Store,
    private readonly publisher: BusPublisher,
    private readonly onFault: OnFault,
  ) {}

  publish(message: BusMessage): void {
    this.publisher.publish(message);
  }

  subscribe(listener: Listener): () => void {
    // Wrapped, so that one function subscribed twice is two subscriptions.
    const entry: Listener = (message) => listener(message);
    this.listeners.add(entry);
    this.reading ??= this.read();
    return () => void this.listeners.delete(entry);
  }

  async close(): Promise<void> {
    this.stopping.abort();
    this.listeners.clear();
    const { events } = this;
    // Where the store was never reached, BullMQ's own closing waits for it.
    if (events && !(await settlesWithin(events.close(), 500)))
      await settlesWithin(events.getBackend().close(true), 500);
    if (this.reading) await settlesWithin(this.reading, 500);
  }

  private async read(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        const lastEventId = await this.publisher.mark();
        if (signal.aborted) return;
        this.events = this.open(lastEventId);
        await this.events.run();
      } catch (error) {
        if (!signal.aborted) this.onFault('connection', error);
        await this.events?.close().catch(() => undefined);
      }
      await pause(RETRY_MS, signal);
    }
  }

  private open(lastEventId: string): QueueEvents<unknown, IQueueBackend, unknown> {
    const options = { connection: CONNECTION_OF_STORE, autorun: false, blockingTimeout: BLOCK_MS, lastEventId };
    const events = new QueueEvents<unknown, IQueueBackend, unknown>(BUS, options, this.store.backend);
    events.on('error', (error) => this.onFault('connection', error));
    events.on<BusEvents, typeof MESSAGES_EVENT>(MESSAGES_EVENT, ({ messages }) => this.deliver(messages));
    return events;
  }

  private deliver(text: unknown): void {
    try {
      for (const message of decodeMessages(text))
        for (const listener of [...this.listeners]) this.tell(listener, message);
    } catch (error) {
      this.onFault('handler', error);
    }
  }

  private tell(listener: Listener, message: BusMessage): void {
    try {
      listener(message);
    } catch (error) {
      this.onFault('handler', error);
    }
  }
}
