import { TASK_STATUSES, type EndedTask, type Task } from '#domain';
import { z } from 'zod';
import { envEntries } from './container.js';
import { pageQuery } from './cursor.js';
import { botId, page, printable, queryBoolean, queryInt, time, uuid } from './fields.js';
import { commandField, containerPath } from './workspace.js';

/** What a task may be asked to end with. */
export const TASK_SIGNALS = ['TERM', 'INT', 'HUP', 'QUIT', 'USR1', 'USR2', 'KILL'] as const;

export const taskCreateBody = z
  .strictObject({
    command: commandField,
    cwd: containerPath.optional(),
    env: envEntries.describe("On top of the container's."),
    name: printable(128).optional(),
  })
  .meta({ id: 'TaskCreate' });
export type TaskCreateBody = z.output<typeof taskCreateBody>;

const status = z.enum(TASK_STATUSES).meta({
  description:
    '`exited`: by itself. `killed`: on request, or with a container that was stopped, deleted or replaced on request. ' +
    '`lost`: with a container that ended otherwise, or in a way that nobody saw.',
});

export const taskSchema = z
  .object({
    id: uuid,
    botId,
    name: z.string().nullable(),
    command: z.union([z.string(), z.array(z.string())]),
    status,
    exitCode: z.int().nullable(),
    reason: z.string().nullable().describe('How one ended that did not exit by itself.'),
    startedAt: time,
    endedAt: time.nullable(),
  })
  .meta({ id: 'Task' });
export type TaskView = z.output<typeof taskSchema>;

/** Of an event: what can be told without reading the task again. */
export const taskSummarySchema = taskSchema
  .pick({ id: true, name: true, status: true, exitCode: true, reason: true, startedAt: true })
  .meta({ id: 'TaskSummary' });

export const taskListQuery = z.strictObject({ ...pageQuery('tasks'), status: z.enum(TASK_STATUSES).optional() });
export const taskPage = page(taskSchema).meta({ id: 'TaskPage' });
export const taskLogsQuery = z.strictObject({
  tail: queryInt(0, 100_000).default(200).describe('Lines.'),
  follow: queryBoolean.default(false),
});
export const taskEndQuery = z.strictObject({
  signal: z.enum(TASK_SIGNALS).default('TERM').describe('After 10 s comes KILL.'),
});

export function presentTask(task: Task): TaskView {
  const { id, botId: owner, name, command, exitCode, reason, startedAt, endedAt } = task;
  return { id, botId: owner, name, command, status: task.status, exitCode, reason, startedAt, endedAt };
}

export function presentTaskSummary(task: Task | EndedTask): z.output<typeof taskSummarySchema> {
  const { id, name, exitCode, reason, startedAt } = task;
  return { id, name, status: task.status, exitCode, reason, startedAt };
}
