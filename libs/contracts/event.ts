import { EVENT_TYPES, STATUSES } from '#domain';
import { z } from 'zod';
import { containerSchema, exitSchema } from './container.js';
import { botId, page, pageLimit, queryInt, text, time, uuid } from './fields.js';
import { operationSchema } from './operation.js';
import { snapshotSchema } from './snapshot.js';
import { taskSummarySchema } from './task.js';

/** One committed, numbered change of a bot. */
export const eventSchema = z
  .object({
    cursor: z.string(),
    botId,
    version: z.int(),
    type: z.enum(EVENT_TYPES),
    at: time,
    data: z.object({
      status: z.enum(STATUSES),
      /** The status of the bot's event before this one. */
      previousStatus: z.enum(STATUSES),
      operation: operationSchema.optional(),
      /** Of `container.status`: the whole container as it is now. */
      container: containerSchema.optional(),
      exit: exitSchema.optional(),
      /** Of `snapshot.*`. */
      snapshot: snapshotSchema.optional(),
      /** Of `task.*`, with how many run after it. */
      task: taskSummarySchema.optional(),
      tasks: z.int().optional(),
    }),
  })
  .meta({ id: 'Event' });
export type EventView = z.infer<typeof eventSchema>;

/** Volatile: sent to sockets, never stored. */
export const progressSchema = z
  .object({
    botId,
    operationId: uuid,
    phase: z.string(),
    percent: z.number().nullable(),
    detail: z.string().nullable(),
  })
  .meta({ id: 'Progress' });
export type ProgressView = z.infer<typeof progressSchema>;

/** Of a bot; what Postgres keeps it in holds no more. */
export const MAX_VERSION = 2_147_483_647;

/** Where a stream begins. Opaque to clients, as every cursor is; this one is also an event's own, and a stream's id. */
export const eventCursor = text(64).regex(/^\d{1,20}-\d{1,20}$/, 'must be a cursor that an event carried');
export const botEventsQuery = z.strictObject({
  limit: pageLimit,
  after: queryInt(0, MAX_VERSION).optional().describe('The last version seen: what follows is told.'),
  cursor: eventCursor.optional().describe('The cursor of the last event seen, instead of `after`.'),
});
export const tenantEventsQuery = z.strictObject({
  limit: pageLimit,
  cursor: eventCursor.optional().describe('The cursor of the last event seen: what follows is told.'),
});
export const eventPage = page(eventSchema).meta({ id: 'EventPage' });
