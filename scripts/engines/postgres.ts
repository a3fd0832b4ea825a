import { type ChildProcess, spawn } from 'node:child_process';
import { chown, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { type PostgresHost, postgresHost } from './postgres-host.js';
import { commandLine, endPid, endsWithin, isAlive } from './process.js';

/** The major version of the package; a cluster is of one major version for ever. */
const MAJOR = '18';
/** Not `berth`: Postgres looks for tables in a schema of the user's name first, and the queues' schema has that one. */
const USER = 'postgres';
const START_DEADLINE_MS = 60_000;
const FAST_STOP = [
  { signal: 'SIGINT', waitMs: 5_000 },
  { signal: 'SIGQUIT', waitMs: 2_000 },
  { signal: 'SIGKILL', waitMs: 1_000 },
] as const;

export interface PostgresOptions {
  /** Made where missing, and given to the server's user. */
  home: string;
  /** The superuser's, set when the cluster is made. */
  password: string;
  port: number;
  logFile: string;
  /** False for throw-away clusters: nothing is forced to disk. */
  durable: boolean;
  maxConnections: number;
}

export interface RunningPostgres {
  url(database: string): string;
  process: ChildProcess;
  /** Ends sessions and stops; no committed data is lost. */
  stop(): Promise<void>;
}

/** Starts the embedded server, on loopback only, on the cluster in `home`, which is made where there is none. */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const host = await postgresHost(options.home);
  await refuseOtherMajors(options.home);
  await stopLeftover(options.home);
  await ensureCluster(host, options);

  const log = await open(options.logFile, 'a');
  const { command, args, ...owner } = host.command('postgres', ['-D', join(host.home, MAJOR), ...settings(options)]);
  const child = spawn(command, args, {
    cwd: '/',
    env: plainEnvironment(),
    // A session of its own: Ctrl-C in the terminal is for us, who then stop things in order.
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    ...owner,
  });
  child.on('error', () => undefined);
  await log.close();

  const url = (database: string): string =>
    `postgresql://${USER}:${encodeURIComponent(options.password)}@127.0.0.1:${options.port}/${database}`;
  await untilReady(child, url('postgres'), options.logFile);
  return {
    url,
    process: child,
    async stop() {
      for (const { signal, waitMs } of FAST_STOP) {
        child.kill(signal);
        if (await endsWithin(child, waitMs)) return;
      }
    },
  };
}

/** Creates the database unless it is there. */
export async function ensureDatabase(adminUrl: string, name: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE "${name}"`);
  } finally {
    await client.end();
  }
}

function settings(options: PostgresOptions): string[] {
  const values = {
    listen_addresses: '127.0.0.1',
    port: options.port,
    unix_socket_directories: '',
    max_connections: options.maxConnections,
    shared_buffers: '128MB',
    max_wal_size: '512MB',
    wal_level: 'minimal',
    max_wal_senders: 0,
    synchronous_commit: options.durable ? 'on' : 'off',
    ...(options.durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
    // A client whose host has gone must not hold its locks for hours.
    tcp_keepalives_idle: 60,
    log_min_messages: 'warning',
    log_line_prefix: '%m [%p] ',
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** Made under another name first: a start that is killed half way leaves no half cluster behind. */
async function ensureCluster(host: PostgresHost, options: PostgresOptions): Promise<void> {
  const entries = await readdir(options.home);
  if (entries.includes(MAJOR)) return;
  const draft = `${MAJOR}.new`;
  await rm(join(options.home, draft), { recursive: true, force: true });
  const passwordFile = join(options.home, 'initial-password');
  try {
    await writeFile(passwordFile, options.password, { mode: 0o600 });
    if (host.owner) await chown(passwordFile, host.owner.uid, host.owner.gid);
    const { command, args, ...owner } = host.command('initdb', [
      ...['--pgdata', join(host.home, draft), '--username', USER, '--pwfile', join(host.home, 'initial-password')],
      ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin'],
      ...['--builtin-locale', 'C.UTF-8', ...(options.durable ? [] : ['--no-sync'])],
    ]);
    const child = spawn(command, args, {
      cwd: '/',
      env: plainEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      ...owner,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0) throw new Error(`initdb failed (exit code ${code}):\n${output}`);
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(join(options.home, draft), join(options.home, MAJOR));
}

async function refuseOtherMajors(home: string): Promise<void> {
  const other = (await readdir(home)).find((name) => /^\d+$/.test(name) && name !== MAJOR);
  if (other === undefined) return;
  throw new Error(
    `${home} holds a cluster of Postgres ${other}; this version brings ${MAJOR}. Dump it with the version that made ` +
      `it, move ${join(home, other)} away, start, and load the dump; or set BERTH_DATA_DIR to start afresh.`,
  );
}

/** A server that outlived its supervisor (kill -9) holds the cluster; it is asked to stop, the way `stop` does. */
async function stopLeftover(home: string): Promise<void> {
  const pidFile = join(home, MAJOR, 'postmaster.pid');
  const pid = Number((await readFile(pidFile, 'utf8').catch(() => '')).split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 1) return;
  const command = isAlive(pid) ? await commandLine(pid) : null;
  // Postgres itself tells a stale file from a live server, except where the pid is now another program's.
  if (command === null) return;
  if (!/\bpostgres\b.*-D/.test(command)) return rm(pidFile, { force: true });
  if (!(await endPid(pid, [...FAST_STOP]))) {
    throw new Error(`A Postgres server (pid ${pid}) still holds ${home} and does not stop: end it, then start again.`);
  }
}

async function untilReady(child: ChildProcess, url: string, logFile: string): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      await client.end().catch(() => undefined);
      const { code, message } = error as Error & { code?: string };
      if (code === '28P01') {
        child.kill('SIGINT');
        throw new Error(
          `The embedded Postgres does not take the password kept in the data folder: were its secrets replaced? ` +
            `Put the old file back, or remove the postgres folder next to it to start afresh.`,
          { cause: error },
        );
      }
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
        throw new Error(`Postgres did not start; its log, ${logFile}, ends with:\n${await lastLines(logFile)}`, {
          cause: error,
        });
      }
      if (Date.now() > deadline) {
        child.kill('SIGQUIT');
        throw new Error(`Postgres did not answer within ${START_DEADLINE_MS / 1000} s (${message}); see ${logFile}.`, {
          cause: error,
        });
      }
      await delay(25);
    }
  }
}

async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-8).join('\n');
}

/** Neither PG* settings of the caller nor a home that the server's user cannot enter. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LANG: 'C', TZ: 'UTC' };
}
