import { createRedisBackend } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import { settlesWithin } from './deadline.js';
import { PRODUCER_DEADLINE_MS, pauseAfterFailedFetch, type OnFault, type Store } from './store.js';

const RECONNECT_MAX_MS = 1_000;
const READY_WAIT_MS = 500;

const common = {
  connectTimeout: 5_000,
  keepAlive: 10_000,
  retryStrategy: (attempt: number) => Math.min(attempt * 100, RECONNECT_MAX_MS),
} satisfies RedisOptions;
/** Nothing is queued up while Redis is away: a bell that cannot be handed over is dropped, and swept later. */
const producerOptions = {
  ...common,
  maxRetriesPerRequest: 1,
  enableOfflineQueue: false,
  commandTimeout: PRODUCER_DEADLINE_MS,
} satisfies RedisOptions;

/** One connection for all producers, two for each worker, one for the bus. */
export function createRedisStore(url: string, prefix: string, onFault: OnFault): Store {
  const producer = new Redis(url, producerOptions);
  producer.on('error', (error) => onFault('connection', error));
  const listening = { ...common, url, maxRetriesPerRequest: null };

  function ready(): Promise<void> {
    if (producer.status === 'ready') return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (isReady: boolean) => {
        clearTimeout(timer);
        producer.off('ready', onReady);
        if (isReady) resolve();
        else reject(new Error(`Redis is not reachable (${producer.status})`));
      };
      const onReady = () => settle(true);
      const timer = setTimeout(() => settle(false), READY_WAIT_MS);
      producer.once('ready', onReady);
    });
  }

  return {
    backend: (name, options, role = {}) => {
      const consumes = role.blocking || role.withBlockingConnection;
      const connection = consumes ? listening : producer;
      // Asking for the version would make a producer's first use depend on one more round trip, and fail for good.
      const skipVersionCheck = !consumes;
      const redisOptions = { ...options, connection, prefix, skipVersionCheck };
      return pauseAfterFailedFetch(createRedisBackend(name, redisOptions, role));
    },
    reachable: ready,
    ping: async () => {
      await ready();
      await producer.ping();
    },
    close: async () => {
      if (producer.status !== 'ready' || !(await settlesWithin(producer.quit(), 300))) producer.disconnect();
    },
  };
}
