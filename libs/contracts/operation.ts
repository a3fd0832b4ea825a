import { OPERATION_ERROR_CODES, OPERATION_KINDS, OPERATION_STATUSES } from '#domain';
import { z } from 'zod';
import { pageQuery } from './cursor.js';
import { botId, page, queryInt, time, uuid } from './fields.js';

export const operationErrorSchema = z
  .object({ code: z.enum(OPERATION_ERROR_CODES), message: z.string(), retryable: z.boolean() })
  .meta({ id: 'OperationError' });

export const operationSchema = z
  .object({
    id: uuid,
    botId,
    kind: z.enum(OPERATION_KINDS),
    status: z.enum(OPERATION_STATUSES),
    position: z.int().describe('How many operations of the bot stand before it.'),
    phase: z.string().nullable().describe('What it does now, such as `pulling`, while it runs.'),
    progress: z.object({ percent: z.number().nullable(), detail: z.string().nullable() }).nullable(),
    attempt: z.int(),
    joined: z.boolean().describe('The request was the same as one that waits already, and is answered with that.'),
    noop: z.boolean().describe('What was asked for held already: nothing was done.'),
    params: z.record(z.string(), z.unknown()).describe('What was asked for, with what it resolved to.'),
    result: z.record(z.string(), z.unknown()).nullable(),
    error: operationErrorSchema.nullable(),
    requestedBy: z.object({ type: z.enum(['apiKey', 'ticket', 'system']), id: z.string(), name: z.string() }),
    createdAt: time,
    startedAt: time.nullable(),
    finishedAt: time.nullable(),
  })
  .meta({ id: 'Operation' });
export type OperationView = z.infer<typeof operationSchema>;

export const operationAnswer = z.object({ operation: operationSchema }).meta({ id: 'OperationAnswer' });
export const operationPage = page(operationSchema).meta({ id: 'OperationPage' });
export const operationListQuery = z.strictObject({
  ...pageQuery('operations'),
  botId: botId.optional(),
  status: z.enum(OPERATION_STATUSES).optional(),
  kind: z.enum(OPERATION_KINDS).optional(),
});
export const operationGetQuery = z.strictObject({
  wait: queryInt(0, 60).default(0).describe('Seconds to wait for its end before answering.'),
});
