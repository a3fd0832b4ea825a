import { EXIT_CAUSES, STATUSES } from '#domain';
import { z } from 'zod';
import { pageQuery } from './cursor.js';
import { botId, imageRef, page, queryBoolean, queryInt, text, time, uuid } from './fields.js';
import { operationErrorSchema, operationSchema } from './operation.js';

export const resourcesSchema = z
  .object({ cpus: z.number(), memoryMb: z.number(), pids: z.number() })
  .meta({ id: 'Resources' });

const envName = z
  .string()
  .regex(/^(?!__BERTH|__berth)[A-Za-z_][A-Za-z0-9_]{0,255}$/, 'must be a name such as TZ, and not begin with __BERTH');
const labelName = z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9._/-]{0,126}[A-Za-z0-9])?$/, 'must be a name such as team');

/** At most this many entries in `env` and in `labels`. */
export const MAX_ENTRIES = 128;
const entries = <T extends z.ZodType>(name: z.ZodString, value: T) =>
  z
    .record(name, value)
    .refine((record) => Object.keys(record).length <= MAX_ENTRIES, `must have at most ${MAX_ENTRIES} entries`);

/** Values of an environment by name. Names that begin with `__BERTH` are ours. */
export const envEntries = entries(envName, text(32_768)).default({});

const resourcesField = z.strictObject({
  cpus: z.number().min(0.01).max(1024).optional().describe('CPUs; fractions are fine.'),
  memoryMb: z.int().min(6).max(16_777_216).optional().describe('MiB, swap included.'),
  pids: z.int().min(2).max(4_194_304).optional().describe('Processes and threads.'),
});
const labelsField = entries(labelName, text(1024));
const autoStopField = z
  .int()
  .min(0)
  .max(31_536_000)
  .describe('It is stopped when nobody has used it for so long, with no task running; 0: never.');

/** Ceilings come from the configuration; these are floors that any engine accepts. */
export const createBody = z
  .strictObject({
    image: imageRef.optional(),
    start: z.boolean().default(false).describe('Start it when it is made.'),
    fromSnapshot: uuid.optional().describe('A ready snapshot of the tenant to begin from, instead of an image.'),
    resources: resourcesField.default({}),
    env: envEntries.meta({
      description:
        'Environment of `command`, kept sealed and never returned. Any name is taken, those too that a shell keeps ' +
        'for itself, such as UID. Together with a `command` it takes an image with /bin/sh.',
    }),
    command: z.array(text(32_768)).min(1).max(256).optional().meta({
      description: 'The main process, instead of one that only keeps the container up. It has to stay up.',
    }),
    network: z.enum(['internet', 'none']).default('internet'),
    labels: labelsField.default({}),
    autoStopSeconds: autoStopField.default(0),
  })
  .refine((body) => body.image === undefined || body.fromSnapshot === undefined, {
    path: ['image'],
    message: 'comes with the snapshot: leave it out where fromSnapshot is given',
  })
  .refine((body) => body.command?.[0] !== '', { path: ['command', 0], message: 'must name a program' })
  .meta({ id: 'ContainerCreate' });
export type CreateBody = z.infer<typeof createBody>;

export const updateBody = z
  .strictObject({
    resources: resourcesField.optional().describe('Those named are changed, at once where the engine can.'),
    labels: labelsField.optional().describe('All of them anew.'),
    autoStopSeconds: autoStopField.optional(),
  })
  .refine((body) => Object.keys(body).length > 0, 'must change something')
  .meta({ id: 'ContainerUpdate' });

export const stopBody = z
  .strictObject({ timeoutSeconds: z.int().min(0).max(300).default(10).describe('How long it has to end by itself.') })
  .meta({ id: 'ContainerStop' });

/** Calls that take no members still refuse unknown ones. */
export const emptyBody = z.strictObject({});

export const exitSchema = z
  .object({
    code: z.int().nullable(),
    oomKilled: z.boolean(),
    at: time,
    cause: z.enum(EXIT_CAUSES).meta({
      description:
        'How it came about. `stopped`: an operation asked for it. `killed`: by signal TERM or KILL from elsewhere. ' +
        '`oom`: for its memory. `crashed`, `completed`: by itself, with another code than 0 or with 0. ' +
        '`start_failed`: it never came up.',
    }),
  })
  .meta({ id: 'Exit' });

export const containerSchema = z
  .object({
    botId,
    status: z.enum(STATUSES),
    version: z.int().describe('Of its last event. Also its ETag.'),
    containerId: z.string().nullable(),
    image: z.object({ ref: z.string(), id: z.string() }).nullable(),
    node: z.string().nullable(),
    paths: z.array(
      z.object({
        name: z.string(),
        container: z.string().describe('Inside the container.'),
        host: z.string().describe('On its node.'),
        persistent: z.boolean().describe('Whether it outlives the container.'),
        volume: z.string(),
      }),
    ),
    tasks: z.int().describe('How many tasks run in it.'),
    resources: resourcesSchema.nullable(),
    env: z.array(z.string()),
    network: z.enum(['internet', 'none']).nullable(),
    labels: z.record(z.string(), z.string()),
    autoStopSeconds: z.int(),
    currentSnapshotId: uuid.nullable().describe('The snapshot that it descends from.'),
    operation: operationSchema.nullable().describe('What runs now.'),
    queued: z.int().describe('How many operations wait.'),
    lastError: operationErrorSchema.nullable(),
    exit: exitSchema.nullable().describe('How its main process ended last.'),
    createdAt: time,
    startedAt: time.nullable(),
    updatedAt: time,
  })
  .meta({ id: 'Container' });
export type ContainerView = z.infer<typeof containerSchema>;

export const containerListQuery = z.strictObject({
  ...pageQuery('bots'),
  status: z.enum(STATUSES).optional(),
  node: text(63).optional().describe('Id of a node.'),
  q: text(64).optional().describe('Beginning of a botId.'),
});
export const containerPage = page(containerSchema).meta({ id: 'ContainerPage' });

export const deleteQuery = z.strictObject({
  purgeData: queryBoolean.default(false).describe('Remove its data volume too.'),
});
export const logsQuery = z.strictObject({
  tail: queryInt(0, 10_000).default(200).describe('Lines from the end.'),
  follow: queryBoolean.default(false).describe('Stream what comes after them.'),
});

export const statsSchema = z
  .object({
    cpuPercent: z.number(),
    memoryBytes: z.int(),
    memoryLimitBytes: z.int(),
    pids: z.int(),
    network: z.object({ rxBytes: z.int(), txBytes: z.int() }),
    block: z.object({ readBytes: z.int(), writeBytes: z.int() }),
    disk: z.object({ rootBytes: z.int().nullable(), dataBytes: z.int().nullable() }),
    at: time,
  })
  .meta({ id: 'Stats' });
