import { nodeQueueName, parseBell } from './bell.js';
import { BusPublisher } from './bus-publisher.js';
import { consume } from './consumer.js';
import { runControlTasks } from './control.js';
import { settlesWithin, withDeadline } from './deadline.js';
import { QueueDoorbell } from './doorbell.js';
import { QueueEventBus } from './event-bus.js';
import type { DoorbellListener, Messaging, MessagingOptions } from './port.js';
import { createPostgresStore } from './postgres-store.js';
import { createRedisStore } from './redis-store.js';
import { dampConnectionFaults } from './store.js';

const HEALTH_DEADLINE_MS = 1_000;
/** How long starting waits for the store before it goes on without. */
const START_WAIT_MS = 1_000;
/** For handlers of listeners that their owners left open. */
const CLOSE_GRACE_MS = 500;

/** Resolves whether or not the store answers: what needs it starts to work when it does. */
export async function createMessaging(options: MessagingOptions): Promise<Messaging> {
  const { redisUrl, databaseUrl, namespace } = options;
  const onFault = dampConnectionFaults(options.onFault);
  const store = redisUrl
    ? createRedisStore(redisUrl, namespace, onFault)
    : createPostgresStore(databaseUrl, namespace, onFault);
  const doorbell = new QueueDoorbell(store, onFault);
  const publisher = new BusPublisher(store, onFault);
  const bus = new QueueEventBus(store, publisher, onFault);
  const listeners = new Set<DoorbellListener>();
  let closing: Promise<void> | undefined;

  function keep(listener: DoorbellListener): DoorbellListener {
    listeners.add(listener);
    return {
      close: async (graceMs) => {
        await listener.close(graceMs);
        listeners.delete(listener);
      },
    };
  }

  async function close(): Promise<void> {
    await Promise.all([bus.close(), ...[...listeners].map((listener) => listener.close(CLOSE_GRACE_MS))]);
    // Last, since a handler rings for the next operation as it ends.
    await Promise.all([doorbell.close(), publisher.close()]);
    await store.close();
  }

  const start = store.reachable().catch((error: unknown) => onFault('connection', error));
  await settlesWithin(start, START_WAIT_MS);

  return {
    doorbell,
    bus,
    listen: (nodeId, { concurrency }, handler) => {
      const queue = nodeQueueName(nodeId);
      const handle = async ({ id, data }: { id?: string; data: unknown }) => {
        const bell = parseBell(data);
        if (!bell) throw new Error(`job ${String(id)} of queue ${queue} is no bell`);
        await handler(bell);
      };
      return Promise.resolve(keep(consume({ store, queue, concurrency, onFault, handle })));
    },
    runControl: (tasks) => Promise.resolve(keep(runControlTasks(store, tasks, onFault))),
    healthy: () =>
      closing
        ? Promise.resolve(false)
        : withDeadline(store.ping(), HEALTH_DEADLINE_MS, 'ping').then(
            () => true,
            () => false,
          ),
    close: () => (closing ??= close()),
  };
}
