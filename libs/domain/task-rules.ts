import type { Change, Lane } from './bot.js';
import { ChangeBuilder } from './change.js';
import { Refusal } from './refusal.js';
import { RUNNING_TASKS_MAX, type Task, type TaskEnd } from './task.js';

/** Records a task that is about to be begun in the bot's running container. Throws Refusal. */
export function startTask(
  lane: Lane,
  task: Omit<Task, 'status' | 'exitCode' | 'reason' | 'startedAt' | 'endedAt'>,
): Change {
  const { bot } = lane;
  if (bot.state !== 'running') {
    throw new Refusal('container_not_running', `The container is ${bot.state}: start it first.`);
  }
  if (bot.tasks.length >= RUNNING_TASKS_MAX) {
    throw new Refusal('quota_exceeded', `${RUNNING_TASKS_MAX} tasks run in this container already; end some first.`);
  }
  const started: Task = {
    ...task,
    status: 'running',
    exitCode: null,
    reason: null,
    startedAt: lane.now,
    endedAt: null,
  };
  return new ChangeBuilder(lane).startTask(started).build();
}

/** Records that a task has ended; null where it runs no more by the record. */
export function endTask(lane: Lane, id: string, end: TaskEnd): Change | null {
  if (!lane.bot.tasks.some((task) => task.id === id)) return null;
  return new ChangeBuilder(lane).endTask(id, end).build();
}
