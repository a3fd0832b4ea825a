import { endTask, startTask, type Task, type TaskEnd } from '#domain';
import type { BotStore } from '#persistence';
import type { Door } from './door.js';

/** What is recorded of tasks, each step through the door. */
export class TaskRecord {
  constructor(
    private readonly door: Door,
    private readonly bots: BotStore,
  ) {}

  /** Records a task that is about to begin in this container. Throws Refusal: `container_not_running`, `quota_exceeded`. */
  async start(task: Pick<Task, 'id' | 'tenantId' | 'botKey' | 'botId' | 'name' | 'command'>): Promise<void> {
    await this.door.change(
      () => this.bots.findByKey(task.botKey),
      (lane) => startTask(lane, task),
    );
  }

  /** False where it runs no more by the record. */
  async end(botKey: string, id: string, end: TaskEnd): Promise<boolean> {
    const change = await this.door.change(
      () => this.bots.findByKey(botKey),
      (lane) => endTask(lane, id, end),
    );
    return change !== null;
  }
}
