import { jest } from '@jest/globals';
import { createPostgresBackend, Queue, type IQueueBackend } from 'bullmq';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { Redis } from 'ioredis';
import { createMessaging, type Messaging, type MessagingOptions } from '../index.js';
import { OutageProxy } from './outage-proxy.js';
import { RedisServer } from './redis-server.js';

/** Above every deadline of waitFor, so that a failure names its condition. */
jest.setTimeout(120_000);

export const BACKENDS = ['redis', 'postgres'] as const;
export type BackendName = (typeof BACKENDS)[number];

export interface Fault {
  what: string;
  error: unknown;
}

/** A store of its own for one suite: a database, or a namespace of a Redis. */
export interface TestStore {
  /** A Messaging, closed with the store, and the faults that it reported. */
  open(): Promise<{ messaging: Messaging; faults: Fault[] }>;
  options(faults?: Fault[]): MessagingOptions;
  /** BullMQ's own view of a queue, closed with the store. Postgres must have been prepared by `open` before. */
  rawQueue(name: string): Queue<unknown, unknown, string, unknown, unknown, string, IQueueBackend, unknown>;
  /** Forgets every job and every schedule, as FLUSHALL does. */
  loseEverything(): Promise<void>;
  stop(): Promise<void>;
}

/** Fails loudly: a suite that silently skips a backend proves nothing. */
function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: the queue tests need a Postgres and a Redis of the test run`);
  return value;
}

export async function startStore(backend: BackendName): Promise<TestStore> {
  return backend === 'redis' ? startRedis(required('BERTH_TEST_REDIS_URL')) : startPostgres();
}

/** A store behind a proxy that can cut it off. Redis is a process of its own here. */
export async function startStoreWithOutages(backend: BackendName): Promise<{ store: TestStore; proxy: OutageProxy }> {
  if (backend === 'redis') {
    const server = await RedisServer.start();
    const proxy = await OutageProxy.start(server.port);
    const store = startRedis(`redis://127.0.0.1:${proxy.port}`, server.url);
    const stop = () => store.stop().finally(() => Promise.all([proxy.stop(), server.stop()]));
    return { proxy, store: { ...store, stop: async () => void (await stop()) } };
  }
  const admin = new URL(required('BERTH_TEST_DATABASE_URL'));
  const proxy = await OutageProxy.start(Number(admin.port || 5432), admin.hostname);
  const store = await startPostgres(proxy.port);
  return { proxy, store: { ...store, stop: () => store.stop().finally(() => proxy.stop()) } };
}

type RawQueue = ReturnType<TestStore['rawQueue']>;

function keeper(
  options: TestStore['options'],
  openQueue: (name: string) => RawQueue,
  release: () => Promise<void>,
): Pick<TestStore, 'open' | 'rawQueue' | 'stop'> {
  const opened: Messaging[] = [];
  const queues = new Map<string, RawQueue>();
  return {
    rawQueue: (name) => {
      const queue = queues.get(name) ?? openQueue(name);
      queues.set(name, queue);
      queue.on('error', () => {});
      return queue;
    },
    open: async () => {
      const faults: Fault[] = [];
      const messaging = await createMessaging(options(faults));
      opened.push(messaging);
      return { messaging, faults };
    },
    stop: async () => {
      await Promise.all(opened.map((messaging) => messaging.close()));
      await Promise.all([...queues.values()].map((queue) => queue.close()));
      await release();
    },
  };
}

const uniqueName = () => `t${randomBytes(6).toString('hex')}`;
const recorder =
  (faults: Fault[] = []): MessagingOptions['onFault'] =>
  (what, error) =>
    void faults.push({ what, error });

function startRedis(url: string, directUrl = url): TestStore {
  const namespace = uniqueName();
  const options = (faults?: Fault[]) => ({
    redisUrl: url,
    databaseUrl: 'postgres://unused',
    namespace,
    onFault: recorder(faults),
  });
  const loseEverything = async () => {
    const redis = new Redis(directUrl);
    const keys = await redis.keys(`${namespace}:*`);
    if (keys.length > 0) await redis.del(...keys);
    await redis.quit();
  };
  const openQueue = (name: string) =>
    new Queue(name, { connection: { url: directUrl }, prefix: namespace }) as unknown as RawQueue;
  return { ...keeper(options, openQueue, loseEverything), options, loseEverything };
}

async function startPostgres(proxyPort?: number): Promise<TestStore> {
  const adminUrl = required('BERTH_TEST_DATABASE_URL');
  const database = uniqueName();
  await runSql(adminUrl, `CREATE DATABASE ${database}`);
  const direct = new URL(adminUrl);
  direct.pathname = `/${database}`;
  const used = new URL(direct);
  if (proxyPort !== undefined) Object.assign(used, { hostname: '127.0.0.1', port: String(proxyPort) });
  const schema = 'queues';
  const options = (faults?: Fault[]) => ({
    redisUrl: undefined,
    databaseUrl: used.toString(),
    namespace: schema,
    onFault: recorder(faults),
  });
  const openQueue = (name: string) => {
    const connection = { connectionString: direct.toString(), schema };
    return new Queue(name, { connection }, createPostgresBackend) as unknown as RawQueue;
  };
  return {
    ...keeper(options, openQueue, () => runSql(adminUrl, `DROP DATABASE ${database} WITH (FORCE)`)),
    options,
    loseEverything: () =>
      runSql(direct.toString(), `TRUNCATE ${schema}.job, ${schema}.scheduler, ${schema}.meta CASCADE`),
  };
}

async function runSql(url: string, sql: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
