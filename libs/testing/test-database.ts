import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { projectRoot, testEngine } from './environment.js';

/** The leak check of `npm test` looks for it. */
export const DATABASE_PREFIX = 'berth_test_';
const TEMPLATE_LOCK = 5_120_993;

export interface TestDatabase {
  url: string;
  name: string;
  /** Ends whatever is still connected. */
  drop(): Promise<void>;
}

/** An empty database with all migrations applied, cloned from a template that is made once for each set of migrations. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const adminUrl = testEngine('DATABASE_URL');
  const name = `${DATABASE_PREFIX}${process.pid}_${randomBytes(4).toString('hex')}`;
  await asAdmin(adminUrl, async (admin) => {
    const template = await ensureTemplate(admin, adminUrl);
    await admin.query(`CREATE DATABASE "${name}" TEMPLATE "${template}"`);
  });
  return {
    url: urlOf(adminUrl, name),
    name,
    drop: () =>
      asAdmin(adminUrl, async (admin) => void (await admin.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`))),
  };
}

async function ensureTemplate(admin: Client, adminUrl: string): Promise<string> {
  const template = `berth_template_${migrationsHash()}`;
  const exists = async (): Promise<boolean> =>
    (await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [template])).rowCount === 1;
  if (await exists()) return template;
  // Suites run in parallel: the first makes it, the others wait here. The session's end gives the lock back.
  await admin.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
  if (!(await exists())) {
    const draft = `${template}_draft`;
    await admin.query(`DROP DATABASE IF EXISTS "${draft}" WITH (FORCE)`);
    await admin.query(`CREATE DATABASE "${draft}"`);
    await migrate(urlOf(adminUrl, draft));
    await admin.query(`ALTER DATABASE "${draft}" RENAME TO "${template}"`);
  }
  await admin.query('SELECT pg_advisory_unlock($1)', [TEMPLATE_LOCK]);
  return template;
}

/** By the very command that migrates an installation. */
async function migrate(databaseUrl: string): Promise<void> {
  const script = join(projectRoot(), 'dist/scripts/migrate.js');
  try {
    await promisify(execFile)(process.execPath, [script], { env: { ...process.env, DATABASE_URL: databaseUrl } });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(`The migrations cannot be applied (run \`npm run build\` after a change): ${stderr || message}`, {
      cause: error,
    });
  }
}

function migrationsHash(): string {
  const dir = join(projectRoot(), 'prisma/migrations');
  const hash = createHash('sha256');
  for (const entry of readdirSync(dir, { withFileTypes: true }).sort((a, b) => a.name.localeCompare(b.name))) {
    if (entry.isDirectory()) hash.update(entry.name).update(readFileSync(join(dir, entry.name, 'migration.sql')));
  }
  return hash.digest('hex').slice(0, 12);
}

async function asAdmin<T>(url: string, work: (admin: Client) => Promise<T>): Promise<T> {
  const admin = new Client({ connectionString: url });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

function urlOf(adminUrl: string, database: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  return url.href;
}
