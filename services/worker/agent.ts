import type { BotStore } from '#persistence';
import type { Log, Metrics, TokenSigner } from '#platform';
import { RuntimeFailure, type ContainerRuntime } from '#runtime';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { logEvents, logText } from './log-stream.js';

/** What the API may ask of a node's agent, for one bot and one action, for a short time. */
export interface AgentClaims {
  botKey: string;
  action: 'stats' | 'logs';
}

export interface AgentParts {
  runtime: ContainerRuntime;
  bots: BotStore;
  tokens: TokenSigner;
  metrics: Metrics;
  log: Log;
}

/**
 * The node agent: what streams from containers, for the API alone. It takes no botId from the caller: the signed
 * token names the bot and the action.
 */
export function createAgent(parts: AgentParts): FastifyInstance {
  const app = Fastify({ logger: false, forceCloseConnections: true });

  app.get('/metrics', async (_request, reply) => {
    void reply.type(parts.metrics.contentType);
    return parts.metrics.render();
  });

  app.get('/stats', async (request, reply) => {
    const containerId = await authorise(parts, request, 'stats');
    return reply.send(await parts.runtime.stats(containerId, closing(reply)));
  });

  app.get<{ Querystring: { tail?: string; follow?: string } }>('/logs', async (request, reply) => {
    const containerId = await authorise(parts, request, 'logs');
    const follow = request.query.follow === 'true';
    const tail = Number(request.query.tail ?? '200');
    const chunks = parts.runtime.logs(containerId, { tail, follow, signal: closing(reply) });
    void reply.type(follow ? 'text/event-stream' : 'text/plain; charset=utf-8');
    return reply.send(Readable.from(follow ? logEvents(chunks) : logText(chunks)));
  });

  app.setErrorHandler((error, _request, reply) => {
    const code = error instanceof AgentRefusal || error instanceof RuntimeFailure ? error.code : 'internal_error';
    if (code === 'internal_error') parts.log.error({ err: error }, 'the agent failed');
    const status = STATUS[code] ?? 502;
    return reply.status(status).send({ code, detail: error instanceof Error ? error.message : 'failed' });
  });
  return app;
}

const STATUS: Record<string, number> = {
  unauthenticated: 401,
  container_not_found: 404,
  container_not_running: 409,
  docker_unavailable: 503,
};

class AgentRefusal extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Aborts when the other side has gone. */
function closing(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort());
  return controller.signal;
}

async function authorise(parts: AgentParts, request: FastifyRequest, action: AgentClaims['action']): Promise<string> {
  const token = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
  const claims = parts.tokens.verify(token) as Partial<AgentClaims> | null;
  if (!claims?.botKey || claims.action !== action)
    throw new AgentRefusal('unauthenticated', 'The token is not for this.');
  const lane = await parts.bots.findByKey(claims.botKey);
  if (!lane?.bot.containerId) throw new AgentRefusal('container_not_found', 'The bot has no container.');
  return lane.bot.containerId;
}
