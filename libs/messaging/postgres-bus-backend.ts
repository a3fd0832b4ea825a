import {
  PostgresQueueBackend,
  type PgNotification,
  type PostgresConnection,
  type PostgresConnectionOptions,
  type QueueBaseOptions,
  type StreamReadRaw,
} from 'bullmq';
import { pause } from './deadline.js';

type ListenClient = Awaited<ReturnType<PostgresConnection['getListenClient']>>;

const CHANNEL = 'bullmq_events';
/** Of BullMQ's reader: after a page that is full there may be more. */
const PAGE = 100;
const FAILED_READ_PAUSE_MS = 250;

/**
 * BullMQ's reader of events hears a notification only while it waits for one: what is published between its last look
 * and that wait is seen after the next event or timeout. This one remembers that a notification came, and looks only
 * then: BullMQ's looks three times for each event.
 */
export class PostgresBusBackend extends PostgresQueueBackend {
  private watched: ListenClient | undefined;
  /** Whether there may be something that was not read. */
  private notified = true;
  private wake: (() => void) | undefined;

  constructor(
    connection: PostgresConnection,
    private readonly bus: string,
    options: QueueBaseOptions<PostgresConnectionOptions>,
  ) {
    super(connection, bus, options);
    connection.on('listenerinvalidated', () => {
      this.watched = undefined;
      this.notify();
    });
  }

  override async readEvents(id: string, blockTimeoutMs: number): Promise<StreamReadRaw> {
    try {
      await this.watch();
      if (!this.notified) await this.wait(blockTimeoutMs);
      this.notified = false;
      const found = await super.readEvents(id, 1);
      if ((found?.[0]?.[1].length ?? 0) >= PAGE) this.notified = true;
      return found;
    } catch (error) {
      // BullMQ would pause for 5 s.
      await pause(FAILED_READ_PAUSE_MS);
      if (!this.connection.isClosing) this.emit('error', error);
      return null;
    }
  }

  override async disconnect(): Promise<void> {
    const closed = super.disconnect();
    this.notify();
    await closed;
  }

  private async watch(): Promise<void> {
    const client = await this.connection.getListenClient();
    if (client === this.watched) return;
    client.on('notification', ({ channel, payload }: PgNotification) => {
      if (channel === CHANNEL && payload === this.bus) this.notify();
    });
    await client.query(`LISTEN ${CHANNEL}`);
    this.watched = client;
    this.notified = true;
  }

  private notify(): void {
    this.notified = true;
    this.wake?.();
  }

  private wait(ms: number): Promise<void> {
    if (this.connection.isClosing) return Promise.resolve();
    return new Promise((resolve) => {
      this.wake = () => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve();
      };
      const timer = setTimeout(this.wake, ms);
    });
  }
}
