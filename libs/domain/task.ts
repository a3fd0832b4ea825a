import type { TaskStatus } from './vocabulary.js';

/** A background process that a caller started in a bot's container. */
export interface Task {
  id: string;
  tenantId: string;
  botKey: string;
  botId: string;
  name: string | null;
  /** As the caller gave it. */
  command: string | string[];
  status: TaskStatus;
  /** Of one that exited. */
  exitCode: number | null;
  /** How one ended that did not exit by itself, for people. */
  reason: string | null;
  startedAt: string;
  endedAt: string | null;
}

/** What a bot's own row knows of a task, so that whatever ends the container ends it in the same commit. */
export type RunningTask = Pick<Task, 'id' | 'name' | 'startedAt'>;

/** How a task ended. */
export type TaskEnd = Pick<Task, 'status' | 'exitCode' | 'reason'>;

/** A task that a change has ended. */
export type EndedTask = RunningTask & TaskEnd;

/** A change of tasks' rows. */
export type TaskWrite = { write: 'insert'; task: Task } | { write: 'end'; task: EndedTask };

/** How many may run in one container. */
export const RUNNING_TASKS_MAX = 100;
