import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { projectRoot } from '../root.js';
import { NO_FILTERS, openSchemaEngine, readMigrations } from './schema-engine.js';

/** Any number that nothing else in the database locks. */
const MIGRATION_LOCK = 7_238_451;

/**
 * Applies what is missing of prisma/migrations and returns the names of what it applied. Safe to run by several
 * at once: each waits for the one before it, and then finds nothing to do.
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const folder = join(projectRoot(), 'prisma');
  const migrationsList = await readMigrations(join(folder, 'migrations'));
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    if (
      await isCurrent(
        client,
        migrationsList.migrationDirectories.map(({ path }) => path),
      )
    )
      return [];
    const datamodel = await readFile(join(folder, 'schema.prisma'), 'utf8');
    const { engine, free } = await openSchemaEngine(databaseUrl, [['schema.prisma', datamodel]]);
    try {
      const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters: NO_FILTERS });
      return appliedMigrationNames;
    } finally {
      free();
    }
  } finally {
    await client.end();
  }
}

/** Spares a start from loading the schema engine where every migration is applied, which is nearly every start. */
async function isCurrent(client: Client, names: string[]): Promise<boolean> {
  const { rows: tables } = await client.query<{ found: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS found`,
  );
  if (tables[0]?.found !== true) return false;
  const { rows } = await client.query<{ migration_name: string }>(
    `SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`,
  );
  const applied = new Set(rows.map((row) => row.migration_name));
  const { rows: broken } = await client.query(
    `SELECT 1 FROM _prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL LIMIT 1`,
  );
  return broken.length === 0 && names.every((name) => applied.has(name));
}
