import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { databaseFault } from './faults.js';
import type { PrismaClient } from './generated/client.js';

export interface DatabaseOptions {
  url: string;
  /** Connections at most. */
  poolSize: number;
  applicationName: string;
  onFault?: (error: unknown) => void;
}

/** One process's way to Postgres: one pool, for Prisma's models and for statements that must do it all at once. */
export interface Database {
  /** A call to Prisma's models, loaded for the first one: its query compiler costs memory that a worker never needs. Throws DatabaseFault. */
  models<T>(call: (models: PrismaClient) => Promise<T>): Promise<T>;
  /** Runs one statement. Its plan is kept per connection, so `text` must be a constant. Throws DatabaseFault. */
  query<Row>(text: string, values?: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** Connects lazily. Nothing waits longer than 5 s for a connection or a statement. */
export function createDatabase(options: DatabaseOptions): Database {
  const onFault = options.onFault ?? (() => undefined);
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.poolSize,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: 5_000,
    query_timeout: 6_000,
    idle_in_transaction_session_timeout: 10_000,
    keepAlive: true,
    application_name: options.applicationName,
    // Else a schema with the user's name would come first, and the queue's tables may live in one.
    options: '-c search_path=public',
  });
  pool.on('error', onFault);
  const names = new Map<string, string>();
  const nameOf = (text: string): string => {
    const name = names.get(text) ?? `s${names.size}`;
    names.set(text, name);
    return name;
  };
  let client: Promise<PrismaClient> | null = null;
  return {
    async models<T>(call: (models: PrismaClient) => Promise<T>): Promise<T> {
      client ??= import('./generated/client.js').then(
        (generated) =>
          new generated.PrismaClient({
            adapter: new PrismaPg(pool, {
              onConnectionError: onFault,
              statementNameGenerator: ({ sql }) => nameOf(sql),
            }),
          }),
      );
      try {
        return await call(await client);
      } catch (error) {
        throw databaseFault(error);
      }
    },
    async query<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
      try {
        const { rows } = await pool.query({ name: nameOf(text), text, values });
        return rows as Row[];
      } catch (error) {
        throw databaseFault(error);
      }
    },
    async close() {
      await (await client)?.$disconnect();
      await pool.end();
    },
  };
}
