import { routes } from '#contracts';
import { Refusal } from '#domain';
import { BotStore } from '#persistence';
import { Controller, StreamableFile } from '@nestjs/common';
import { AgentClient } from '../agent-client.js';
import { Call, Endpoint, type CallOf } from '../http/endpoint.js';
import { Connections } from '../live/connections.js';
import { gone } from './answer.js';

/** What only the node can tell, asked of its agent. */
@Controller()
export class ObservationController {
  constructor(
    private readonly bots: BotStore,
    private readonly agents: AgentClient,
    private readonly connections: Connections,
  ) {}

  @Endpoint(routes.containerStats)
  async stats(@Call() { caller, params, reply }: CallOf<typeof routes.containerStats>): Promise<unknown> {
    const bot = await this.#existing(caller.tenant.id, params.botId);
    const answer = await this.agents.get(bot, 'stats', {}, gone(reply));
    return answer.body.json();
  }

  @Endpoint(routes.containerLogs)
  async logs(@Call() { caller, params, query, reply }: CallOf<typeof routes.containerLogs>): Promise<StreamableFile> {
    const bot = await this.#existing(caller.tenant.id, params.botId);
    const signal = gone(reply);
    const { tail, follow } = query;
    const answer = await this.agents.get(bot, 'logs', { tail: String(tail), follow: String(follow) }, signal);
    if (follow)
      reply.raw.once(
        'close',
        this.connections.add(caller.keyId, () => reply.raw.destroy()),
      );
    void reply
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no')
      .type(follow ? 'text/event-stream; charset=utf-8' : 'text/plain; charset=utf-8');
    // Not by reply.send: what waits for a reply that is cut off would be answered once more.
    return new StreamableFile(answer.body);
  }

  async #existing(tenantId: string, botId: string): Promise<{ key: string; nodeId: string }> {
    const lane = await this.bots.find(tenantId, botId);
    if (!lane) throw new Refusal('bot_not_found', `There is no bot "${botId}".`);
    const { key, nodeId, containerId } = lane.bot;
    if (containerId === null || nodeId === null) {
      throw new Refusal('container_not_found', `The bot "${botId}" has no container now. Create it first.`);
    }
    return { key, nodeId };
  }
}
