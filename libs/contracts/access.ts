import { NODE_STATUSES } from '#domain';
import { z } from 'zod';
import { pageQuery } from './cursor.js';
import { page, printable, time, uuid } from './fields.js';

export const SCOPES = [
  'containers:read',
  'containers:write',
  'snapshots:write',
  'workspace:exec',
  'workspace:files',
  'keys:admin',
  'nodes:admin',
  'audit:read',
] as const;
export type Scope = (typeof SCOPES)[number];

const name = printable(128);

export const apiKeyCreateBody = z
  .strictObject({
    name,
    scopes: z
      .array(z.enum(SCOPES))
      .min(1)
      .max(SCOPES.length)
      .refine((s) => new Set(s).size === s.length, 'must not repeat'),
    expiresAt: z.iso
      .datetime({ offset: true })
      .nullable()
      .optional()
      .describe('Without it the key lives until it is deleted.'),
  })
  .meta({ id: 'ApiKeyCreate' });

export const apiKeySchema = z
  .object({
    id: uuid,
    name: z.string(),
    scopes: z.array(z.enum(SCOPES)),
    createdAt: time,
    expiresAt: time.nullable(),
    lastUsedAt: time.nullable(),
  })
  .meta({ id: 'ApiKey' });
export const apiKeyWithSecretSchema = apiKeySchema
  .extend({
    secret: z
      .string()
      .nullable()
      .describe('Shown this once: null where the answer is given again under its Idempotency-Key.'),
  })
  .meta({ id: 'ApiKeyWithSecret' });
export const apiKeyPage = page(apiKeySchema).meta({ id: 'ApiKeyPage' });
export const whoamiSchema = z
  .object({
    name: z.string().describe('Of the key; `operator` for the operator’s own.'),
    keyId: uuid.nullable().describe('Null for the operator’s key, which stands in the configuration.'),
    scopes: z.array(z.enum(SCOPES)),
    isOperator: z.boolean(),
    tenant: z.object({ id: uuid, name: z.string() }),
  })
  .meta({ id: 'Whoami' });
export const apiKeyListQuery = z.strictObject(pageQuery('keys'));

export const tenantCreateBody = z.strictObject({ name }).meta({ id: 'TenantCreate' });
export const tenantSchema = z
  .object({ id: uuid, name: z.string(), createdAt: time, apiKey: apiKeyWithSecretSchema })
  .meta({ id: 'Tenant' });

export const nodeSchema = z
  .object({
    id: z.string(),
    status: z.enum(NODE_STATUSES),
    engineVersion: z.string().nullable(),
    capacity: z
      .object({
        cpus: z.number(),
        memoryMb: z.number(),
        maxCpus: z.number().nullable(),
        maxMemoryMb: z.number().nullable(),
      })
      .describe('What the host has, and how much of it may be promised to bots; null: no ceiling.'),
    reserved: z.object({ cpus: z.number(), memoryMb: z.number() }),
    containers: z.int(),
    heartbeatAt: time.nullable(),
  })
  .meta({ id: 'Node' });
export type NodeView = z.infer<typeof nodeSchema>;
export const nodeListQuery = z.strictObject(pageQuery('nodes'));
export const nodePage = page(nodeSchema).meta({ id: 'NodePage' });
