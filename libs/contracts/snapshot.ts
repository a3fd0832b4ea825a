import { RESTORE_SCOPES, SNAPSHOT_ORIGINS, SNAPSHOT_SCOPES, SNAPSHOT_STATUSES } from '#domain';
import { z } from 'zod';
import { pageQuery } from './cursor.js';
import { botId, page, printable, text, time, uuid } from './fields.js';
import { operationErrorSchema } from './operation.js';

export const snapshotSchema = z
  .object({
    id: uuid,
    botId,
    name: z.string(),
    description: z.string().nullable(),
    status: z.enum(SNAPSHOT_STATUSES),
    parentId: uuid.nullable(),
    childCount: z.int(),
    scope: z.enum(SNAPSHOT_SCOPES),
    origin: z.enum(SNAPSHOT_ORIGINS),
    sizeBytes: z.int().describe('Root filesystem and data together; 0 until it is ready.'),
    dataSizeBytes: z.int(),
    layers: z.int(),
    freezeMs: z.int().describe('How long the container stood still for it.'),
    current: z.boolean().describe("Whether the bot's container descends from it."),
    node: z.string(),
    error: operationErrorSchema.nullable().describe('Why it failed.'),
    createdAt: time,
  })
  .meta({ id: 'Snapshot' });
export type SnapshotView = z.infer<typeof snapshotSchema>;
export const snapshotPage = page(snapshotSchema).meta({ id: 'SnapshotPage' });

export const snapshotCreateBody = z
  .strictObject({
    name: printable(128),
    description: text(2_000).nullable().default(null),
    scope: z.enum(SNAPSHOT_SCOPES).default('all'),
  })
  .meta({ id: 'SnapshotCreate' });

export const snapshotRestoreBody = z
  .strictObject({ scope: z.enum(RESTORE_SCOPES).optional(), safetySnapshot: z.boolean().default(true) })
  .meta({ id: 'SnapshotRestore' });

export const snapshotListQuery = z.strictObject(pageQuery('snapshots'));
