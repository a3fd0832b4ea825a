import type { ContainerView } from '#contracts';
import { createDatabase } from '#persistence';
import {
  createTestDatabase,
  ensureTinyImage,
  removeManaged,
  removeSnapshotImages,
  startRedis,
  startServices,
  testDocker,
  TINY_IMAGE,
  waitFor,
  type HttpClient,
  type TestServices,
} from '#testing';
import { randomBytes } from 'node:crypto';
import { TestBot } from './bot.js';
import type { Engine } from './engine.js';
import { startWatching, type Watcher } from './watcher.js';

/** Berth as an installation runs it, with a database of its own and a socket that sees all of the tenant. */
export interface System {
  services: TestServices;
  databaseUrl: string;
  docker: Engine;
  http: HttpClient;
  /** Subscribed to everything of the operator's tenant, from before the first test. */
  watcher: Watcher;
  /** A name that no other suite, run or test uses. */
  bot(name: string, http?: HttpClient): TestBot;
  /** Ends everything and removes what its bots left on the engine. */
  stop(): Promise<void>;
}

export interface SystemOptions {
  queue?: 'postgres' | 'redis';
  env?: Record<string, string>;
}

export async function startSystem(options: SystemOptions = {}): Promise<System> {
  const docker = testDocker();
  const cleanups: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const cleanup of cleanups.reverse()) await cleanup().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, 'the suite could not clean up behind itself');
  };
  try {
    await ensureTinyImage(docker);
    const redis = options.queue === 'redis' ? await startRedis() : null;
    if (redis) cleanups.push(() => redis.stop());
    const database = await createTestDatabase();
    cleanups.push(() => database.drop());
    const bots: string[] = [];
    cleanups.push(async () => removeSnapshotImages(docker, await snapshotIds(database.url)));
    cleanups.push(async () => {
      for (const botId of bots) await removeManaged(docker, [`berth.bot=${botId}`]);
    });
    const services = await startServices({
      databaseUrl: database.url,
      ...(redis && { redisUrl: redis.url }),
      env: { BERTH_DEFAULT_IMAGE: TINY_IMAGE, BERTH_DEFAULT_MEMORY_MB: '64', ...options.env },
    });
    cleanups.push(() => services.stop());
    const http = services.http();
    await nodeUp(http).catch((error: unknown) => {
      throw new Error(`${String(error)}\n--- worker\n${services.worker.lastLogs()}`);
    });
    const watcher = await startWatching(await services.socket());
    const run = randomBytes(4).toString('hex');
    const bot = (name: string, as: HttpClient = http): TestBot => {
      const id = `e2e-${run}-${name}`;
      if (!bots.includes(id)) bots.push(id);
      return new TestBot(id, as, docker);
    };
    return { services, databaseUrl: database.url, docker, http, watcher, bot, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The API is ready before its worker may be: a bot needs a node to be placed on. */
async function nodeUp(http: HttpClient): Promise<void> {
  await waitFor(
    async () => {
      const { body } = await http.get('/v1/nodes');
      return (body as { items: { status: string }[] }).items.some((node) => node.status === 'ready');
    },
    { what: 'a node that is ready', deadlineMs: 20_000 },
  );
}

/** Of every snapshot that the suite has made, deleted ones too, and of the operations that may have made parts of one. */
export async function snapshotIds(databaseUrl: string): Promise<string[]> {
  const database = createDatabase({ url: databaseUrl, poolSize: 1, applicationName: 'berth-test' });
  try {
    const rows = await database.query<{ id: string }>(
      `SELECT DISTINCT unnest(ARRAY[id::text, params->>'snapshotId', params->>'safetySnapshotId']) AS id
       FROM operation WHERE kind LIKE 'snapshot.%'`,
    );
    return rows.map(({ id }) => id);
  } finally {
    await database.close();
  }
}

/** For a container that must be there. */
export function idOf(container: ContainerView): string {
  if (container.containerId === null) throw new Error(`${container.botId} has no container`);
  return container.containerId;
}
