import type { ProblemCode } from '#contracts';
import { Refusal } from '#domain';
import type { NodeStore } from '#persistence';
import type { Log, TokenSigner } from '#platform';
import { Agent, request, type Dispatcher } from 'undici';
import { ApiError } from './http/problem.js';

const TOKEN_SECONDS = 60;
const HEADERS_MS = 15_000;

/** The way to a node's agent: signed for one bot and one action, and streamed through. */
export class AgentClient {
  // No limit on a body's pauses: a followed log may be silent for hours.
  readonly #dispatcher = new Agent({
    connectTimeout: 3_000,
    headersTimeout: HEADERS_MS,
    bodyTimeout: 0,
    keepAliveTimeout: 10_000,
  });

  constructor(
    private readonly nodes: NodeStore,
    private readonly tokens: TokenSigner,
    private readonly log: Log,
  ) {}

  /** A successful answer, its body still to be read. Throws ApiError. */
  async get(
    bot: { key: string; nodeId: string },
    action: 'stats' | 'logs',
    query: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    const url = await this.nodes.agentUrl(bot.nodeId);
    if (url === null) throw unavailable(bot.nodeId);
    const token = this.tokens.sign({ botKey: bot.key, action }, TOKEN_SECONDS);
    let answer: Dispatcher.ResponseData;
    try {
      const target = new URL(`${url}/${action}?${new URLSearchParams(query).toString()}`);
      answer = await request(target, {
        dispatcher: this.#dispatcher,
        headers: { authorization: `Bearer ${token}` },
        signal,
      });
    } catch (error) {
      this.log.warn({ err: error, node: bot.nodeId }, 'the node’s agent does not answer');
      throw unavailable(bot.nodeId);
    }
    if (answer.statusCode === 200) return answer;
    const problem = (await answer.body.json().catch(() => ({}))) as { code?: string; detail?: string };
    throw refusal(problem, bot.nodeId);
  }

  close(): Promise<void> {
    return this.#dispatcher.destroy();
  }
}

const PASSED_ON: ProblemCode[] = ['container_not_found', 'container_not_running'];

function refusal({ code, detail }: { code?: string; detail?: string }, nodeId: string): Error {
  const known = PASSED_ON.find((each) => each === code);
  return known ? new ApiError(known, detail ?? 'Not possible now.') : unavailable(nodeId);
}

function unavailable(nodeId: string): Refusal {
  return new Refusal('node_unavailable', `The node ${nodeId} does not answer now. Try again when it is back.`);
}
