import { routes, type ExecResult } from '#contracts';
import { BotStore, IdempotencyStore } from '#persistence';
import type { SecretBox } from '#platform';
import { Controller, Inject, StreamableFile } from '@nestjs/common';
import { AgentClient } from '../agent-client.js';
import { Call, Endpoint, type CallOf } from '../http/endpoint.js';
import { acceptsEventStream, idempotencyOf } from '../http/headers.js';
import { answerOnce } from '../http/once.js';
import { ApiError } from '../http/problem.js';
import { Connections } from '../live/connections.js';
import { SECRETS } from '../tokens.js';
import { locate } from '../workspace/containers.js';
import { streamedEvents } from '../workspace/stream.js';
import { gone } from './answer.js';

/** A command may wait for a snapshot to let its container go, and takes a while to be killed. Milliseconds. */
const ALLOWANCE_MS = 150_000;

@Controller()
export class ExecController {
  constructor(
    private readonly bots: BotStore,
    private readonly agents: AgentClient,
    private readonly connections: Connections,
    readonly idempotency: IdempotencyStore,
    @Inject(SECRETS) readonly secrets: SecretBox,
  ) {}

  @Endpoint(routes.exec)
  async exec(@Call() call: CallOf<typeof routes.exec>): Promise<StreamableFile | ExecResult> {
    const { caller, params, body, request, reply } = call;
    const bot = await locate(this.bots, caller.tenant.id, params.botId);
    const ask = { method: 'POST', body, headersMs: body.timeoutSeconds * 1000 + ALLOWANCE_MS } as const;
    const signal = gone(reply);
    if (!acceptsEventStream(request)) {
      return answerOnce(this, call, {
        statusCode: 200,
        run: () => this.agents.begin<ExecResult>(bot, 'exec', ask, signal),
      });
    }
    if (idempotencyOf(request)) {
      throw new ApiError('validation_failed', 'A stream cannot be given again: leave Idempotency-Key out.');
    }
    const streaming = { ...ask, query: { stream: 'true' }, begins: true };
    const answer = await this.agents.call(bot, 'exec', streaming, signal);
    void reply.status(200);
    return streamedEvents(answer.body, call, { nodeId: bot.nodeId, lasting: this.connections });
  }
}
