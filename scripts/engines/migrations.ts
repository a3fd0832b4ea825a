import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { projectRoot } from '../root.js';
import { NO_FILTERS, connectionOf, openSchemaEngine, readMigrations } from './schema-engine.js';

/** Any number that nothing else in the database locks. */
const MIGRATION_LOCK = 7_238_451;

/**
 * Applies what is missing of prisma/migrations and returns the names of what it applied. Safe to run by several
 * at once: each waits for the one before it, and then finds nothing to do.
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const folder = join(projectRoot(), 'prisma');
  const migrationsList = await readMigrations(join(folder, 'migrations'));
  const client = new Client(connectionOf(databaseUrl));
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
    const { engine, close } = await openSchemaEngine(databaseUrl, [['schema.prisma', datamodel]]);
    try {
      const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters: NO_FILTERS });
      return appliedMigrationNames;
    } catch (error) {
      // It left nothing behind, for a script is one transaction; so it may be tried again once it is corrected.
      for (const migrationName of await failedMigrations(client))
        await engine.markMigrationRolledBack({ migrationName });
      throw new Error(plainMessage(error), { cause: error });
    } finally {
      await close();
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
  return names.every((name) => applied.has(name)) && (await failedMigrations(client)).length === 0;
}

async function failedMigrations(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ migration_name: string }>(
    `SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL`,
  );
  return rows.map((row) => row.migration_name);
}

/** Without the engine's own trace, which says nothing about the script. */
function plainMessage(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).split('\n');
  const trace = lines.findIndex((line) => /^\s+0: /.test(line));
  const name = /migration_name="([^"]+)"/.exec(lines.join('\n'))?.[1] ?? 'unknown';
  const text = (trace < 0 ? lines : lines.slice(0, trace)).filter((line) => !line.startsWith('external ')).join('\n');
  return `The migration ${name} was not applied, and nothing of it remains. ${text}`;
}
