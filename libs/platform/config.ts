import { resolve } from 'node:path';
import { settings, type Settings } from './settings.js';

export interface Config {
  http: { host: string; port: number };
  security: { apiKey: string; secretKey: string };
  /** Absolute. */
  dataDir: string;
  database: { url: string; poolSize: number };
  /** `redisUrl` unset: the queues live in Postgres. */
  queue: { namespace: string; redisUrl: string | undefined };
  docker: { host: string | undefined; defaultImage: string };
  /** `cpus` and `memoryMb` are what may be promised to bots; unset is no ceiling. */
  node: { id: string; cpus: number | undefined; memoryMb: number | undefined; silentSeconds: number };
  /** `url` is how the API reaches the agent; unset where both run on one machine. `maxUploadBytes` may be Infinity. */
  agent: { host: string; port: number; url: string | undefined; maxUploadBytes: number };
  worker: { concurrency: number; leaseSeconds: number; leftoverSeconds: number };
  events: { retentionDays: number };
  log: { level: LogLevel };
  resources: { default: ResourceFigures; max: ResourceFigures };
}
export type LogLevel = Settings['BERTH_LOG_LEVEL'];
export interface ResourceFigures {
  cpus: number;
  memoryMb: number;
  pids: number;
}

/**
 * The only reader of process.env. Call it once, at boot, and hand the groups on. An empty variable counts as unset.
 * Throws one Error that lists every fault.
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const given = Object.fromEntries(
    Object.keys(settings.shape).flatMap((name) => {
      const value = env[name]?.trim();
      return value ? [[name, value]] : [];
    }),
  );
  const parsed = settings.safeParse(given);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => describeFault(String(issue.path[0] ?? ''), issue.message, given));
    throw new Error(`The configuration has ${faults.length} fault(s):\n${faults.join('\n')}`);
  }
  return deepFreeze(group(parsed.data));
}

function describeFault(name: string, problem: string, given: Record<string, string>): string {
  const meta = settings.shape[name as keyof Settings]?.meta();
  const what = given[name] === undefined && meta?.fallback === undefined ? 'is required and missing' : problem;
  return `  ${name}: ${what}. Write ${String(meta?.expected)}.`;
}

function group(value: Settings): Config {
  return {
    http: { host: value.HOST, port: value.PORT },
    security: { apiKey: value.BERTH_API_KEY, secretKey: value.BERTH_SECRET_KEY },
    dataDir: resolve(value.BERTH_DATA_DIR),
    database: { url: value.DATABASE_URL, poolSize: value.BERTH_DB_POOL },
    queue: { namespace: value.BERTH_QUEUE_NAMESPACE, redisUrl: value.REDIS_URL },
    docker: { host: value.DOCKER_HOST, defaultImage: value.BERTH_DEFAULT_IMAGE },
    node: {
      id: value.BERTH_NODE_ID,
      cpus: value.BERTH_NODE_CPUS,
      memoryMb: value.BERTH_NODE_MEMORY_MB,
      silentSeconds: value.BERTH_NODE_SILENT_SECONDS,
    },
    agent: {
      host: value.BERTH_AGENT_HOST,
      port: value.BERTH_AGENT_PORT,
      url: value.BERTH_AGENT_URL,
      maxUploadBytes: (value.BERTH_MAX_UPLOAD_MB ?? Infinity) * 1024 * 1024,
    },
    worker: {
      concurrency: value.BERTH_WORKER_CONCURRENCY,
      leaseSeconds: value.BERTH_LEASE_SECONDS,
      leftoverSeconds: value.BERTH_LEFTOVER_SECONDS,
    },
    events: { retentionDays: value.BERTH_EVENT_RETENTION_DAYS },
    log: { level: value.BERTH_LOG_LEVEL },
    resources: {
      default: {
        cpus: value.BERTH_DEFAULT_CPUS,
        memoryMb: value.BERTH_DEFAULT_MEMORY_MB,
        pids: value.BERTH_DEFAULT_PIDS,
      },
      max: { cpus: value.BERTH_MAX_CPUS, memoryMb: value.BERTH_MAX_MEMORY_MB, pids: value.BERTH_MAX_PIDS },
    },
  };
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) deepFreeze(part as object);
  return Object.freeze(value);
}
