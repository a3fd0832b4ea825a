import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from './generated/client.js';
import { databaseFault } from './faults.js';

export interface DatabaseOptions {
  url: string;
  /** Connections at most. */
  poolSize: number;
  applicationName: string;
  onFault?: (error: unknown) => void;
}

/** One process's way to Postgres: Prisma's models, and statements written by hand where one must do it all. */
export interface Database {
  readonly prisma: PrismaClient;
  /** Runs one statement. Its plan is kept per connection, so `text` must be a constant. Throws DatabaseFault. */
  query<Row>(text: string, values?: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** Connects lazily. Nothing waits longer than 5 s for a connection or a statement. */
export function createDatabase(options: DatabaseOptions): Database {
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
  });
  const onFault = options.onFault ?? (() => undefined);
  const names = new Map<string, string>();
  const adapter = new PrismaPg(pool, {
    disposeExternalPool: true,
    onPoolError: onFault,
    onConnectionError: onFault,
    statementNameGenerator: ({ sql }) => {
      const name = names.get(sql) ?? `s${names.size}`;
      names.set(sql, name);
      return name;
    },
  });
  const prisma = new PrismaClient({ adapter });
  return {
    prisma,
    async query<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
      try {
        return await prisma.$queryRawUnsafe<Row[]>(text, ...values);
      } catch (error) {
        throw databaseFault(error);
      }
    },
    close: () => prisma.$disconnect(),
  };
}
