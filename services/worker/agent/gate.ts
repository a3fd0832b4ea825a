import type { AgentAction, AgentClaims, ProblemCode } from '#contracts';
import type { BotInside, BotStore } from '#persistence';
import type { SecretBox, TokenSigner } from '#platform';
import { RuntimeFailure, type ContainerRuntime, type RuntimeFailureCode } from '#runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Uses } from '../uses.js';
import { AgentRefusal } from './refusal.js';

/** How long a call waits for a container that a snapshot holds still. */
const THAW_MS = 120_000;
const THAW_POLL_MS = 50;

/** A container that ends fails what is done in it in many ways, some of them before the engine tells. Milliseconds. */
const ENDING_MS = 1_000;
const ENDING_POLL_MS = 50;
const INSPECT_MS = 5_000;
/** What may also be said of a container that ends. */
const DOUBTFUL: ReadonlySet<RuntimeFailureCode | ProblemCode> = new Set<RuntimeFailureCode | ProblemCode>([
  'docker_error',
  'docker_unavailable',
  'processes_exhausted',
  'node_unavailable',
  'quota_exceeded',
]);

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
    private readonly parts: {
      bots: Pick<BotStore, 'inside'>;
      runtime: Pick<ContainerRuntime, 'inspect'>;
      tokens: TokenSigner;
      secrets: SecretBox;
      uses: Uses;
    },
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
  async enter<T>(inside: Inside, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    const { bot } = inside;
    const began = Date.now();
    const until = began + THAW_MS;
    for (;;) {
      try {
        return await run();
      } catch (error) {
        if (!(error instanceof RuntimeFailure) || error.code !== 'container_paused') {
          throw signal.aborted ? error : await this.reasonOf(error, inside, began);
        }
        if (signal.aborted || Date.now() > until) throw error;
        await delay(THAW_POLL_MS);
        const now = await this.parts.bots.inside(bot.key);
        if (now?.state !== 'running') throw error;
      }
    }
  }

  /** What a failure comes of: where the container has ended since `began`, that. */
  async reasonOf(error: unknown, inside: Inside, began: number): Promise<unknown> {
    if (!(error instanceof RuntimeFailure || error instanceof AgentRefusal) || !DOUBTFUL.has(error.code)) return error;
    if (!(await this.hasEnded(inside, began))) return error;
    return new AgentRefusal('container_not_running', 'The container ended meanwhile.');
  }

  /** Whether the container has ended since `began`, or is about to. False where nobody can tell. */
  async hasEnded({ containerId }: Inside, began: number): Promise<boolean> {
    const until = Date.now() + ENDING_MS;
    for (;;) {
      const up = await this.#upSince(containerId);
      if (up === 'unknown') return false;
      if (up === null || up > began) return true;
      if (Date.now() > until) return false;
      await delay(ENDING_POLL_MS);
    }
  }

  /** When the container began to run as it does, null where it does not. Milliseconds. */
  async #upSince(containerId: string): Promise<number | null | 'unknown'> {
    const signal = AbortSignal.timeout(INSPECT_MS);
    const container = await this.parts.runtime.inspect(containerId, signal).catch(() => 'unknown' as const);
    if (container === 'unknown' || container === null) return container;
    const isUp = container.engineState === 'running' || container.engineState === 'paused';
    return isUp ? Date.parse(container.startedAt ?? '') : null;
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
