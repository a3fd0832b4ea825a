import {
  assertSchemaCompatibility,
  LATEST_SCHEMA_VERSION,
  PostgresConnection,
  PostgresQueueBackend,
  quoteSchemaName,
  runMigrations,
  SchemaMigrationRequiredError,
  type PgPool,
} from 'bullmq';
import pg from 'pg';
import { settlesWithin } from './deadline.js';
import { PostgresBusBackend } from './postgres-bus-backend.js';
import { PRODUCER_DEADLINE_MS, pauseAfterFailedFetch, type OnFault, type Store } from './store.js';

const QUERY_CONNECTIONS = 5;
const IDLE_MS = 60_000;

/**
 * All of a process's queues share one pool; each worker and the bus hold one connection more, to LISTEN on. The schema
 * is made or migrated on first use, whenever Postgres answers.
 */
export function createPostgresStore(databaseUrl: string, schema: string, onFault: OnFault): Store {
  const queries = new pg.Pool({ ...poolOptions(databaseUrl, schema), max: QUERY_CONNECTIONS, min: 1 });
  // Apart from the queries, or enough listeners would leave none for them.
  const ears = new pg.Pool({ ...poolOptions(databaseUrl, schema), max: Infinity });
  for (const pool of [queries, ears]) pool.on('error', (error) => onFault('connection', error));
  const pool = splitPool(queries, ears);
  const prepared = retryable(() => prepare(queries, schema));
  const producers = new PreparedConnection(pool, prepared);

  return {
    backend: (name, options, role = {}) => {
      const withPool = { ...options, connection: pool };
      if (role.blocking) return new PostgresBusBackend(new PreparedConnection(pool, prepared), name, withPool);
      if (!role.withBlockingConnection) return new PostgresQueueBackend(producers, name, withPool, false);
      return pauseAfterFailedFetch(new PostgresQueueBackend(new PreparedConnection(pool, prepared), name, withPool));
    },
    reachable: prepared,
    ping: async () => void (await queries.query('SELECT 1')),
    close: async () => void (await settlesWithin(Promise.all([queries.end(), ears.end()]), 300)),
  };
}

/** BullMQ's connection remembers a failed start for ever; this one asks again. */
class PreparedConnection extends PostgresConnection {
  constructor(
    pool: PgPool,
    private readonly prepared: () => Promise<void>,
  ) {
    super(pool);
  }
  override waitUntilReady(): Promise<void> {
    return this.prepared();
  }
}

/** What BullMQ queries and what it listens on, as the one pool that it expects. Both are ended by the store. */
function splitPool(queries: PgPool, ears: PgPool): PgPool {
  const pool: PgPool = {
    query: (text, params) => queries.query(text, params),
    connect: () => ears.connect(),
    end: () => Promise.resolve(),
    on: () => pool,
    removeAllListeners: () => pool,
  };
  return pool;
}

async function prepare(pool: pg.Pool, schema: string): Promise<void> {
  const client = await pool.connect();
  let failed = true;
  try {
    // Making a schema takes a right that a running service may not have, so only look first.
    const version = await assertSchemaCompatibility(client, schema).catch((error: unknown) => {
      if (error instanceof SchemaMigrationRequiredError) return 0;
      throw error;
    });
    if (version < LATEST_SCHEMA_VERSION) await runMigrations(client, schema);
    failed = false;
  } finally {
    client.release(failed);
  }
}

/** Remembers success, shares an attempt under way, and forgets a failure. */
function retryable(attempt: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | undefined;
  return () => {
    current ??= attempt().catch((error: unknown) => {
      current = undefined;
      throw error;
    });
    return current;
  };
}

function poolOptions(databaseUrl: string, schema: string): pg.PoolConfig {
  const url = new URL(databaseUrl);
  const given = url.searchParams.get('options') ?? '';
  url.searchParams.delete('options');
  return {
    connectionString: url.toString(),
    // Queues hold no truth: a doorbell lost in a crash of Postgres is rung again, so no commit waits for the disk.
    options: `${given} -c search_path=${quoteSchemaName(schema)} -c synchronous_commit=off`.trim(),
    idleTimeoutMillis: IDLE_MS,
    connectionTimeoutMillis: PRODUCER_DEADLINE_MS,
    query_timeout: 5_000,
    keepAlive: true,
    application_name: 'berth-messaging',
  };
}
