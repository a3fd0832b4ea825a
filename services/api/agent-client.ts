import { CATALOGUE, type AgentAction, type ProblemCode } from '#contracts';
import { Refusal } from '#domain';
import type { Log, TokenSigner } from '#platform';
import type { Duplex, Readable } from 'node:stream';
import { Agent, request, type Dispatcher } from 'undici';
import { upgrade, type Upgraded } from './agent-upgrade.js';
import { ApiError } from './http/problem.js';
import type { Located } from './workspace/containers.js';

const TOKEN_SECONDS = 60;
const HEADERS_MS = 15_000;

export interface AgentRequest {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Of the agent; the action by itself where it is left out. */
  path?: string;
  query?: Record<string, string>;
  /** Sent as JSON, or as it is. */
  body?: object | Readable | undefined;
  /** Of a body that is sent as it is, where it is known. Bytes. */
  bodyBytes?: number | undefined;
  /** How long the answer may take to begin. Milliseconds. */
  headersMs?: number;
  /** Whether it begins something: where its answer is lost, whoever asks again may have that twice. */
  begins?: boolean;
}

/** The way to a node's agent: signed for one bot and one action, and streamed through. */
export class AgentClient {
  // No limit on a body's pauses: a followed log may be silent for hours.
  readonly #dispatcher = new Agent({ connectTimeout: 3_000, bodyTimeout: 0, keepAliveTimeout: 10_000 });

  constructor(
    private readonly tokens: TokenSigner,
    private readonly log: Log,
  ) {}

  /** A successful answer, its body still to be read. Throws ApiError, or Refusal where the node is away. */
  async call(
    bot: Located,
    action: AgentAction,
    {
      method = 'GET',
      path = `/${action}`,
      query = {},
      body,
      bodyBytes,
      headersMs = HEADERS_MS,
      begins = false,
    }: AgentRequest,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    const { agentUrl: url } = bot;
    if (url === null) throw unavailable(bot.nodeId);
    const isStream = body !== undefined && 'pipe' in body;
    let answer: Dispatcher.ResponseData;
    try {
      answer = await request(new URL(`${url}${path}?${new URLSearchParams(query).toString()}`), {
        dispatcher: this.#dispatcher,
        method,
        headersTimeout: headersMs,
        headers: {
          authorization: `Bearer ${this.tokens.sign({ botKey: bot.key, action }, TOKEN_SECONDS)}`,
          ...(body && { 'content-type': isStream ? 'application/octet-stream' : 'application/json' }),
          ...(bodyBytes !== undefined && { 'content-length': String(bodyBytes) }),
        },
        ...(body && { body: isStream ? body : JSON.stringify(body) }),
        signal,
      });
    } catch (error) {
      if (!signal.aborted) this.log.warn({ err: error, node: bot.nodeId }, 'the node’s agent does not answer');
      throw begins && !isUnsent(error) ? mayHaveRun(bot.nodeId) : unavailable(bot.nodeId);
    }
    if (answer.statusCode < 300) return answer;
    const problem = (await answer.body.json().catch(() => ({}))) as { code?: string; detail?: string };
    throw refusal(problem, bot.nodeId);
  }

  /** As `call`, with the answer read, for what begins something: also where the connection breaks in the answer. */
  async begin<T>(bot: Located, action: AgentAction, ask: AgentRequest, signal: AbortSignal): Promise<T> {
    const { body } = await this.call(bot, action, { ...ask, begins: true }, signal);
    try {
      return (await body.json()) as T;
    } catch (error) {
      if (!signal.aborted) this.log.warn({ err: error, node: bot.nodeId }, 'the node’s agent broke off its answer');
      throw mayHaveRun(bot.nodeId);
    }
  }

  /** A connection of its own, upgraded to a protocol of the agent's. Throws as `call` does. */
  async connect(bot: Located, action: AgentAction, protocol: string, signal: AbortSignal): Promise<Duplex> {
    const { agentUrl: url } = bot;
    if (url === null) throw unavailable(bot.nodeId);
    const headers = { authorization: `Bearer ${this.tokens.sign({ botKey: bot.key, action }, TOKEN_SECONDS)}` };
    let upgraded: Upgraded;
    try {
      upgraded = await upgrade(new URL(`${url}/${action}`), { protocol, headers, answerMs: HEADERS_MS, signal });
    } catch (error) {
      if (!signal.aborted) this.log.warn({ err: error, node: bot.nodeId }, 'the node’s agent does not answer');
      throw unavailable(bot.nodeId);
    }
    if ('socket' in upgraded) return upgraded.socket;
    throw this.refusal(parse(upgraded.body), bot.nodeId);
  }

  /** What an agent's refusal is to the caller. */
  refusal(problem: { code?: string; detail?: string }, nodeId: string): Error {
    return refusal(problem, nodeId);
  }

  close(): Promise<void> {
    return this.#dispatcher.destroy();
  }
}

/** What would be about this service's own call, and not about the caller's. */
const OURS: ReadonlySet<string> = new Set<ProblemCode>(['unauthenticated', 'internal_error', 'node_unavailable']);

function parse(body: string): { code?: string; detail?: string } {
  try {
    return (JSON.parse(body) ?? {}) as { code?: string; detail?: string };
  } catch {
    return {};
  }
}

function refusal({ code, detail }: { code?: string; detail?: string }, nodeId: string): Error {
  if (code === undefined || OURS.has(code) || !(code in CATALOGUE)) return unavailable(nodeId);
  return new ApiError(code as ProblemCode, detail ?? 'Not possible now.');
}

function unavailable(nodeId: string): Refusal {
  return new Refusal('node_unavailable', `The node ${nodeId} does not answer now. Try again when it is back.`);
}

/** What is said where there was no connection that anything could have been sent on. */
const UNSENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function isUnsent(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && UNSENT.has(code);
}

function mayHaveRun(nodeId: string): Refusal {
  return new Refusal(
    'node_unavailable',
    `The connection to the node ${nodeId} broke after this was sent: it may have run. Look before you ask again.`,
    { retryable: false },
  );
}
