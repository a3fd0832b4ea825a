import { routes } from '#contracts';
import { BotStore } from '#persistence';
import { Controller, type StreamableFile } from '@nestjs/common';
import { AgentClient } from '../agent-client.js';
import { Call, Endpoint, type CallOf } from '../http/endpoint.js';
import { Connections } from '../live/connections.js';
import { locate } from '../workspace/containers.js';
import { streamed, streamedEvents } from '../workspace/stream.js';
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
    const bot = await locate(this.bots, caller.tenant.id, params.botId);
    const answer = await this.agents.call(bot, 'stats', {}, gone(reply));
    return answer.body.json();
  }

  @Endpoint(routes.containerLogs)
  async logs(@Call() call: CallOf<typeof routes.containerLogs>): Promise<StreamableFile> {
    const { caller, params, reply } = call;
    const { tail, follow } = call.query;
    const bot = await locate(this.bots, caller.tenant.id, params.botId);
    const query = { tail: String(tail), follow: String(follow) };
    const { body } = await this.agents.call(bot, 'logs', { query }, gone(reply));
    if (follow) return streamedEvents(body, call, { nodeId: bot.nodeId, lasting: this.connections });
    return streamed(body, call, { type: 'text/plain; charset=utf-8', lasting: null });
  }
}
