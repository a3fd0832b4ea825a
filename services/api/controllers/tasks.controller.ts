import { presentTask, routes, type TaskView } from '#contracts';
import { Refusal } from '#domain';
import { BotStore, IdempotencyStore, TaskStore } from '#persistence';
import type { SecretBox } from '#platform';
import { Controller, Inject, type StreamableFile } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import { AgentClient } from '../agent-client.js';
import { Call, Endpoint, type CallOf } from '../http/endpoint.js';
import { answerOnce } from '../http/once.js';
import { ApiError } from '../http/problem.js';
import { Connections } from '../live/connections.js';
import { SECRETS } from '../tokens.js';
import { locate, mustExist } from '../workspace/containers.js';
import { streamed, streamedEvents } from '../workspace/stream.js';
import { gone } from './answer.js';
import { toPage } from './page.js';

/** A snapshot may hold the container for as long as this; then the end itself takes up to 25 s. Milliseconds. */
const ALLOWANCE_MS = 170_000;

@Controller()
export class TasksController {
  constructor(
    private readonly bots: BotStore,
    private readonly tasks: TaskStore,
    private readonly agents: AgentClient,
    private readonly connections: Connections,
    readonly idempotency: IdempotencyStore,
    @Inject(SECRETS) readonly secrets: SecretBox,
  ) {}

  @Endpoint(routes.createTask)
  create(@Call() call: CallOf<typeof routes.createTask>): Promise<TaskView> {
    const { caller, params, body, reply } = call;
    const signal = gone(reply);
    const run = async (): Promise<TaskView> => {
      const bot = await locate(this.bots, caller.tenant.id, params.botId);
      const ask = { method: 'POST', path: '/tasks', body, headersMs: ALLOWANCE_MS } as const;
      const { id } = await this.agents.begin<{ id: string }>(bot, 'tasks:start', ask, signal);
      return presentTask(await this.#find(caller.tenant.id, params.botId, id));
    };
    return answerOnce(this, call, { statusCode: 201, run });
  }

  @Endpoint(routes.listTasks)
  async list(@Call() { caller, params, query }: CallOf<typeof routes.listTasks>) {
    const { status = null, cursor = null, limit } = query;
    const page = { status, beforeId: cursor, limit: limit + 1 };
    const found = await this.tasks.list(caller.tenant.id, params.botId, page);
    if (found.length === 0) await mustExist(this.bots, caller.tenant.id, params.botId);
    return toPage('tasks', found.map(presentTask), limit, (task) => task.id);
  }

  @Endpoint(routes.getTask)
  async get(@Call() { caller, params }: CallOf<typeof routes.getTask>): Promise<TaskView> {
    return presentTask(await this.#find(caller.tenant.id, params.botId, params.id));
  }

  @Endpoint(routes.taskLogs)
  async logs(@Call() call: CallOf<typeof routes.taskLogs>): Promise<StreamableFile> {
    const { caller, params, reply } = call;
    const { tail, follow } = call.query;
    const { id } = await this.#find(caller.tenant.id, params.botId, params.id);
    const bot = await locate(this.bots, caller.tenant.id, params.botId);
    const ask = {
      path: `/tasks/${id}/logs`,
      query: { tail: String(tail), follow: String(follow) },
      headersMs: ALLOWANCE_MS,
    };
    const { body } = await this.agents.call(bot, 'tasks:logs', ask, gone(reply));
    if (follow) return streamedEvents(body, call, { nodeId: bot.nodeId, lasting: this.connections });
    return streamed(body, call, { type: 'text/plain; charset=utf-8', lasting: null });
  }

  @Endpoint(routes.endTask)
  end(@Call() call: CallOf<typeof routes.endTask>): Promise<TaskView> {
    const { caller, params, query, reply } = call;
    const signal = gone(reply);
    const run = async (): Promise<TaskView> => {
      const task = await this.#find(caller.tenant.id, params.botId, params.id);
      const ask = { method: 'DELETE', path: `/tasks/${task.id}`, query, headersMs: ALLOWANCE_MS } as const;
      try {
        const bot = await locate(this.bots, caller.tenant.id, params.botId);
        await (await this.agents.call(bot, 'tasks:end', ask, signal)).body.dump();
      } catch (error) {
        // Of one that has ended, something may be left; where its container does not run, nothing is.
        if (task.status === 'running' || !isWithoutContainer(error)) throw error;
      }
      return presentTask(await this.#find(caller.tenant.id, params.botId, task.id));
    };
    return answerOnce(this, call, { statusCode: 200, run });
  }

  async #find(tenantId: string, botId: string, id: string) {
    const task = isUuid(id) ? await this.tasks.find(tenantId, botId, id) : null;
    if (task) return task;
    await mustExist(this.bots, tenantId, botId);
    throw new Refusal('task_not_found', `There is no task "${id.slice(0, 64)}" of this bot.`);
  }
}

function isWithoutContainer(error: unknown): boolean {
  const code = error instanceof ApiError || error instanceof Refusal ? error.code : null;
  return code === 'container_not_found' || code === 'container_not_running';
}
