import { readFile, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  DriverAdapterError,
  type SqlDriverAdapter,
  bindMigrationAwareSqlAdapterFactory,
} from '@prisma/driver-adapter-utils';
import type * as bindingsModule from '@prisma/schema-engine-wasm/schema_engine_bg';
import type { MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm';
import pg from 'pg';

type Bindings = typeof bindingsModule & {
  __wbg_set_wasm(exports: WasmExports): void;
};
type WasmExports = Record<string, unknown> & { __wbindgen_start(): void };
/** Node has it; TypeScript knows it only with the browser's types. */
declare const WebAssembly: {
  instantiate(code: Buffer, imports: Record<string, unknown>): Promise<{ instance: { exports: WasmExports } }>;
};

/** Tables go to `public`, also where the user's name is that of another schema, which Postgres would prefer. */
export function connectionOf(databaseUrl: string): pg.ClientConfig {
  return { connectionString: databaseUrl, connectionTimeoutMillis: 10_000, options: '-c search_path=public' };
}

/**
 * Prisma's schema engine in its WebAssembly build. The CLI's own is a binary that it downloads from the internet
 * on first use, which an installation behind a firewall cannot; this one comes with the packages.
 * `datamodels` are pairs of file name and text, at least one.
 */
export async function openSchemaEngine(
  databaseUrl: string,
  datamodels: [string, string][],
): Promise<{ engine: SchemaEngine; close: () => Promise<void> }> {
  listenToPanics();
  const bindings = (await import('@prisma/schema-engine-wasm/schema_engine_bg')) as Bindings;
  const require = createRequire(import.meta.url);
  const file = join(require.resolve('@prisma/schema-engine-wasm'), '../schema_engine_bg.wasm');
  const { instance } = await WebAssembly.instantiate(await readFile(file), {
    './schema_engine_bg.js': bindings,
  });
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();

  const pool = new pg.Pool({ ...connectionOf(databaseUrl), max: 2 });
  const adapter = bindMigrationAwareSqlAdapterFactory(new WholeScripts(pool));
  const engine = await bindings.SchemaEngine.new({ datamodels }, () => undefined, adapter);
  return {
    engine,
    async close() {
      engine.free();
      await pool.end();
    },
  };
}

/**
 * The adapter itself cuts a script at every semicolon, those of function bodies and comments too, and runs the pieces
 * one by one. Sent whole, Postgres does the parsing and takes all of a migration or nothing.
 */
class WholeScripts extends PrismaPg {
  constructor(private readonly pool: pg.Pool) {
    super(pool);
  }
  override async connect(): ReturnType<PrismaPg['connect']> {
    const adapter = await super.connect();
    const whole: Pick<SqlDriverAdapter, 'executeScript'> = {
      executeScript: async (script) => {
        await this.pool.query(script).catch((error: unknown) => {
          throw asAdapterError(error);
        });
      },
    };
    return Object.assign(adapter, whole);
  }
}

/** In the form in which the engine reports Postgres's own words. */
function asAdapterError(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError)) return error;
  const { code = '', severity = 'ERROR', message, detail, column, hint } = error;
  return new DriverAdapterError({ kind: 'postgres', code, severity, message, detail, column, hint });
}

/** Where the engine leaves its last words. It does not answer after that, so they end the process as an error. */
function listenToPanics(): void {
  (globalThis as { PRISMA_WASM_PANIC_REGISTRY?: unknown }).PRISMA_WASM_PANIC_REGISTRY = {
    set_message(message: string) {
      throw new Error(`Prisma's schema engine panicked: ${message}`);
    },
  };
}

/** The migrations of a `prisma/migrations` folder, oldest first. */
export async function readMigrations(baseDir: string): Promise<MigrationList> {
  const entries = await readdir(baseDir, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const lockfile = await readFile(join(baseDir, 'migration_lock.toml'), 'utf8').catch(() => null);
  return {
    baseDir,
    lockfile: { path: './migration_lock.toml', content: lockfile },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(
      names.sort().map(async (name) => ({
        path: name,
        migrationFile: {
          path: 'migration.sql',
          content: { tag: 'ok' as const, value: await readFile(join(baseDir, name, 'migration.sql'), 'utf8') },
        },
      })),
    ),
  };
}

export const NO_FILTERS = { externalTables: [], externalEnums: [] };
