import { z } from 'zod';

/** `fallback` is the text of the default; without one a setting is required or, where `optional`, may stay unset. */
interface SettingMeta extends Record<string, unknown> {
  doc: string;
  expected: string;
  fallback?: string;
}

/** What may be written, and the words for it in a fault. */
interface Kind<T> {
  type: z.ZodType<T, unknown>;
  expected: string;
}

const required = <T>(doc: string, kind: Kind<T>) => kind.type.meta({ doc, expected: kind.expected });
const optional = <T>(doc: string, kind: Kind<T>) => kind.type.optional().meta({ doc, expected: kind.expected });
const withDefault = <T>(doc: string, fallback: string, kind: Kind<T>) =>
  kind.type.prefault(fallback).meta({ doc, expected: kind.expected, fallback });

const whole = (min: number, max: number): Kind<number> => ({
  type: z
    .string()
    .regex(/^\d+$/, 'is not a whole number')
    .transform(Number)
    .pipe(z.number().min(min, 'is too small').max(max, 'is too large')),
  expected: `a whole number from ${min} to ${max}`,
});
const fraction = (min: number, max: number): Kind<number> => ({
  type: z
    .string()
    .regex(/^\d+(\.\d+)?$/, 'is not a number')
    .transform(Number)
    .pipe(z.number().min(min, 'is too small').max(max, 'is too large')),
  expected: `a number from ${min} to ${max}`,
});
const text = (pattern: RegExp, expected: string): Kind<string> => ({
  type: z.string().regex(pattern, 'is not valid'),
  expected,
});
const url = (protocols: string[], example: string): Kind<string> => ({
  type: z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    error: 'is not such a URL',
  }),
  expected: `a URL like ${example}`,
});
const key: Kind<string> = {
  type: z.string().min(32, 'is too short').max(255, 'is too long'),
  expected: '32 to 255 random characters, e.g. the output of `openssl rand -hex 32`',
};
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const logLevel: Kind<(typeof LOG_LEVELS)[number]> = {
  type: z.enum(LOG_LEVELS, { error: 'is not a level' }),
  expected: `one of ${LOG_LEVELS.join(', ')}`,
};
const nodeId = text(
  /^[a-z0-9][a-z0-9-]{0,62}$/,
  'up to 63 lower-case letters, digits and hyphens, the first one no hyphen',
);
/** A Postgres schema and a Redis prefix, so the stricter of both alphabets. */
const namespace = text(/^[a-z][a-z0-9_]{0,47}$/, 'a lower-case letter, then up to 47 of a-z, 0-9 and _');
const host = text(/^\S{1,253}$/, 'an address or a host name');
const anything = (expected: string) => text(/^.{1,1024}$/, expected);

/** A default above its own ceiling would refuse every bot that names no figure. */
const atMost = (name: string, ceiling: string) => ({
  path: [name],
  error: `is above ${ceiling}`,
  when: () => true,
});

const GIB = 1024;
const dockerHost = url(['unix:', 'tcp:', 'http:', 'https:'], 'unix:///var/run/docker.sock or tcp://10.0.0.5:2376');

/** Every variable that Berth reads, in the order of .env.example. */
export const settings = z
  .object({
    BERTH_API_KEY: required('The key that callers send as `Authorization: Bearer <key>`.', key),
    BERTH_SECRET_KEY: required(
      'The keys for encryption and for signing are derived from it. Losing it loses every stored secret.',
      key,
    ),
    DATABASE_URL: required(
      'The Postgres that holds everything.',
      url(['postgres:', 'postgresql:'], 'postgres://berth:password@127.0.0.1:5432/berth'),
    ),
    REDIS_URL: optional(
      'The Redis for the queues. Unset: the queues live in Postgres.',
      url(['redis:', 'rediss:'], 'redis://127.0.0.1:6379'),
    ),
    DOCKER_HOST: optional('The Docker Engine of the worker. Unset: the local socket.', dockerHost),

    HOST: withDefault('Address on which the API listens.', '127.0.0.1', host),
    PORT: withDefault('Port on which the API listens. 0: any free one.', '8080', whole(0, 65_535)),
    BERTH_DATA_DIR: withDefault(
      'Directory for what Berth keeps on this machine, relative to where it starts.',
      '.berth',
      anything('a directory'),
    ),
    BERTH_DB_POOL: withDefault('Postgres connections that each process may open.', '10', whole(2, 500)),
    BERTH_QUEUE_NAMESPACE: withDefault(
      'Redis key prefix, or Postgres schema, of the queues.',
      'berth_queue',
      namespace,
    ),
    BERTH_LOG_LEVEL: withDefault('How much is logged, as JSON lines on stdout.', 'info', logLevel),
    BERTH_EVENT_RETENTION_DAYS: withDefault('Days for which events can be replayed.', '30', whole(1, 3650)),

    BERTH_NODE_ID: withDefault(
      'Name of the Docker host that this worker drives. Never reuse one for another host.',
      'node-1',
      nodeId,
    ),
    BERTH_NODE_CPUS: optional(
      'CPUs that may be promised to bots on this node. Unset: no ceiling.',
      fraction(0.01, 4096),
    ),
    BERTH_NODE_MEMORY_MB: optional(
      'Memory, in MiB, that may be promised to bots on this node. Unset: no ceiling.',
      whole(16, 64 * GIB * GIB),
    ),
    BERTH_NODE_SILENT_SECONDS: withDefault(
      'Seconds without a heartbeat after which a node counts as silent.',
      '15',
      whole(2, 3600),
    ),
    BERTH_WORKER_CONCURRENCY: withDefault('Operations that one worker runs at once.', '16', whole(1, 256)),
    BERTH_LEASE_SECONDS: withDefault(
      'Seconds after which an operation is taken from a worker that went silent.',
      '30',
      whole(3, 3600),
    ),
    BERTH_LEFTOVER_SECONDS: withDefault(
      'Seconds after which a worker removes what a killed one has left on the engine, and between looks for it.',
      '600',
      whole(1, 86_400),
    ),
    BERTH_AGENT_HOST: withDefault(
      'Private address on which the worker serves exec, files and terminals to the API.',
      '127.0.0.1',
      host,
    ),
    BERTH_AGENT_PORT: withDefault('Port of the same. 0: any free one.', '0', whole(0, 65_535)),
    BERTH_MAX_UPLOAD_MB: optional(
      'The most, in MiB, that one upload into a container may have. Unset: no limit.',
      whole(1, 64 * GIB * GIB),
    ),
    BERTH_AGENT_URL: optional(
      'URL under which the API reaches the same. Unset: address and port as bound.',
      url(['http:', 'https:'], 'http://10.0.0.5:8090'),
    ),

    BERTH_DEFAULT_IMAGE: withDefault(
      'Image of a bot that names none.',
      'debian:bookworm-slim',
      anything('an image reference'),
    ),
    BERTH_DEFAULT_CPUS: withDefault('CPUs of a bot that names no figure.', '1', fraction(0.01, 4096)),
    BERTH_DEFAULT_MEMORY_MB: withDefault(
      'Memory, in MiB, of a bot that names no figure.',
      '512',
      whole(16, 64 * GIB * GIB),
    ),
    BERTH_DEFAULT_PIDS: withDefault('Processes of a bot that names no figure.', '256', whole(8, 4_194_304)),
    BERTH_MAX_CPUS: withDefault('The most CPUs that one bot may have.', '64', fraction(0.01, 4096)),
    BERTH_MAX_MEMORY_MB: withDefault(
      'The most memory, in MiB, that one bot may have.',
      '262144',
      whole(16, 64 * GIB * GIB),
    ),
    BERTH_MAX_PIDS: withDefault('The most processes that one bot may have.', '32768', whole(8, 4_194_304)),
  })
  .refine((v) => !(v.BERTH_DEFAULT_CPUS > v.BERTH_MAX_CPUS), atMost('BERTH_DEFAULT_CPUS', 'BERTH_MAX_CPUS'))
  .refine(
    (v) => !(v.BERTH_DEFAULT_MEMORY_MB > v.BERTH_MAX_MEMORY_MB),
    atMost('BERTH_DEFAULT_MEMORY_MB', 'BERTH_MAX_MEMORY_MB'),
  )
  .refine((v) => !(v.BERTH_DEFAULT_PIDS > v.BERTH_MAX_PIDS), atMost('BERTH_DEFAULT_PIDS', 'BERTH_MAX_PIDS'))
  .refine((v) => v.BERTH_API_KEY === undefined || v.BERTH_API_KEY !== v.BERTH_SECRET_KEY, {
    path: ['BERTH_SECRET_KEY'],
    error: 'is the same as BERTH_API_KEY, which callers know',
    when: () => true,
  });

export type Settings = z.output<typeof settings>;

export interface Variable {
  name: string;
  doc: string;
  /** What may be written. */
  expected: string;
  /** As written in the environment; undefined: none. */
  fallback: string | undefined;
  required: boolean;
}

/** Every variable with its documentation, for .env.example and for docs. */
export const VARIABLES: readonly Variable[] = Object.entries(settings.shape).map(([name, type]) => {
  const { doc, expected, fallback } = type.meta() as SettingMeta;
  return { name, doc, expected, fallback, required: !type.safeParse(undefined).success };
});

/** The text of .env.example: required variables to fill in, the rest commented out with their defaults. */
export function renderEnvExample(): string {
  const entries = VARIABLES.map(({ name, doc, expected, fallback, required: must }) => {
    const note = must ? 'Required' : fallback === undefined ? 'Optional' : 'Allowed';
    return `# ${doc}\n# ${note}: ${expected}.\n${must ? '' : '# '}${name}=${fallback ?? ''}\n`;
  });
  return `# Berth's configuration. Generated from libs/platform/settings.ts; a test keeps both equal.\n\n${entries.join('\n')}`;
}
