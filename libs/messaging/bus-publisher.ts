import { QueueEventsProducer, type IQueueBackend } from 'bullmq';
import { encodeMessages } from './bus-message.js';
import { settlesWithin, withDeadline } from './deadline.js';
import type { BusMessage } from './port.js';
import { CONNECTION_OF_STORE, PRODUCER_DEADLINE_MS, type OnFault, type Store } from './store.js';

export const BUS = 'bus';
/** The event of the store that carries messages, and its one field. */
export const MESSAGES_EVENT = 'messages';
/** Events kept for readers that are behind. */
const STREAM_MAX = 1_000;
/** Messages kept while the store is slow; then the oldest give way. */
const PENDING_MAX = 1_000;

/** Publishes in batches, one at a time; what says the same waits once, so a store that is away costs no memory. */
export class BusPublisher {
  /** By what a message is about: a later one replaces an earlier one. */
  private readonly pending = new Map<string, BusMessage>();
  private producer: QueueEventsProducer<IQueueBackend, unknown> | undefined;
  private draining: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly store: Store,
    private readonly onFault: OnFault,
  ) {}

  publish(message: BusMessage): void {
    if (this.closed) return;
    const subject = subjectOf(message);
    // Deleted first, so that it moves to the end: the oldest are the ones to give way.
    this.pending.delete(subject);
    this.pending.set(subject, message);
    if (this.pending.size > PENDING_MAX) {
      const [oldest] = this.pending.keys();
      if (oldest !== undefined) this.pending.delete(oldest);
    }
    this.draining ??= this.drain();
  }

  /** Publishes an event that says nothing, and returns its id: from there on a reader misses nothing. */
  async mark(): Promise<string> {
    return this.send({ event: 'mark' });
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.draining) await settlesWithin(this.draining, 300);
    if (this.producer) await settlesWithin(this.producer.close(), 300);
  }

  private async drain(): Promise<void> {
    await Promise.resolve();
    while (this.pending.size > 0) {
      const messages = [...this.pending.values()];
      this.pending.clear();
      try {
        await this.send({ event: MESSAGES_EVENT, messages: encodeMessages(messages) });
      } catch (error) {
        this.onFault('publish', error);
      }
    }
    this.draining = undefined;
  }

  private async send(fields: Record<string, string>): Promise<string> {
    await this.store.reachable();
    this.producer ??= this.openProducer();
    // The producer's own method does not return the id of the event.
    const sent = this.producer.getBackend().publishEvent(fields, STREAM_MAX);
    return withDeadline(sent, PRODUCER_DEADLINE_MS, 'publishing');
  }

  private openProducer(): QueueEventsProducer<IQueueBackend, unknown> {
    const producer = new QueueEventsProducer(BUS, { connection: CONNECTION_OF_STORE }, this.store.backend);
    producer.on('error', (error: unknown) => this.onFault('connection', error));
    return producer;
  }
}

function subjectOf(message: BusMessage): string {
  return message.type === 'events' ? 'events' : `progress ${message.progress.operationId}`;
}
