import type { AgentAction, AgentClaims } from '#contracts';
import type { BotInside, BotStore } from '#persistence';
import type { SecretBox, TokenSigner } from '#platform';
import { RuntimeFailure } from '#runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Uses } from '../uses.js';
import { AgentRefusal } from './refusal.js';

/** How long a call waits for a container that a snapshot holds still. */
const THAW_MS = 120_000;
const THAW_POLL_MS = 50;

/** A bot's container that a call may enter. */
export interface Inside {
  bot: BotInside;
  containerId: string;
  /** The environment that its owner gave it, which the engine does not know. */
  env: Record<string, string>;
}

/** What closes when a call is over: its answer, or its socket. */
type Use = Pick<ServerResponse | Duplex, 'once'>;

/** Lets a call through to the one bot and for the one action that its token names, however it is addressed. */
export class Gate {
  constructor(
    private readonly parts: { bots: Pick<BotStore, 'inside'>; tokens: TokenSigner; secrets: SecretBox; uses: Uses },
  ) {}

  /** The bot's container, in whatever state. */
  async container(request: Pick<FastifyRequest, 'headers'>, action: AgentAction): Promise<Inside> {
    const token = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    const claims = this.parts.tokens.verify(token) as Partial<AgentClaims> | null;
    if (!claims?.botKey || claims.action !== action) {
      throw new AgentRefusal('unauthenticated', 'The token is not for this.');
    }
    const bot = await this.parts.bots.inside(claims.botKey);
    if (!bot?.containerId) throw new AgentRefusal('container_not_found', 'The bot has no container.');
    return { bot, containerId: bot.containerId, env: this.#env(bot) };
  }

  /** The bot's container, where it runs. It is in use for as long as `use` is not closed. */
  async running(request: Pick<FastifyRequest, 'headers'>, action: AgentAction, use: Use): Promise<Inside> {
    const inside = await this.container(request, action);
    use.once('close', this.parts.uses.begin(inside.bot.key));
    const { state } = inside.bot;
    if (state === 'running' || state === 'unknown') return inside;
    throw new AgentRefusal('container_not_running', `The container is ${state}: start it first.`);
  }

  /** Enters a container. One that a snapshot holds still is waited for: its owner knows it as running. */
  async enter<T>({ bot }: Inside, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    const until = Date.now() + THAW_MS;
    for (;;) {
      try {
        return await run();
      } catch (error) {
        if (!(error instanceof RuntimeFailure) || error.code !== 'container_paused') throw error;
        if (signal.aborted || Date.now() > until) throw error;
        await new Promise((resolve) => setTimeout(resolve, THAW_POLL_MS));
        const now = await this.parts.bots.inside(bot.key);
        if (now?.state !== 'running') throw error;
      }
    }
  }

  #env({ sealedEnv }: BotInside): Record<string, string> {
    if (sealedEnv === null) return {};
    return JSON.parse(this.parts.secrets.open(Buffer.from(sealedEnv, 'base64'))) as Record<string, string>;
  }
}

/** Aborts when the other side has gone. */
export function closing(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort());
  return controller.signal;
}
