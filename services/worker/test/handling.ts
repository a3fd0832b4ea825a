import { newBot, type AskedEnd, type Bot, type BotFacts, type OperationParams } from '#domain';
import { FakeRuntime, type RuntimeContainer } from '#runtime';
import { handlers } from '../handlers/index.js';
import { IMAGE, kindOf, NODE, settings } from './bench.js';

const NOW = '2026-01-01T00:00:00.000Z';
/** No end is later, so that none counts as an earlier attempt's. */
const NOW_AND_LATER = '2126-01-01T00:00:00.000Z';

/** One bot whose operations are run by their handlers, one after the other. */
export class Handling {
  bot: Bot = newBot({ key: 'bot-key', tenantId: 'tenant-key', tenantSlug: 'acme', botId: 'alice' }, NODE, NOW);
  /** What the last handler knew for sure. */
  known: Partial<BotFacts> = {};
  /** Whether it was asking the main process to end. */
  asked: AskedEnd | null = null;
  phases: string[] = [];
  looks = 0;
  readonly freezes = {
    freeze: async () => undefined,
    thaw: async () => undefined,
    forget: async () => undefined,
    release: () => undefined,
    holds: async () => false,
  };
  /** When the operations to come began, by the first of their attempts. */
  startedAt = NOW_AND_LATER;
  readonly controller = new AbortController();
  #serial = 0;

  constructor(readonly runtime: FakeRuntime = new FakeRuntime({ images: [IMAGE] })) {}

  /** Runs a handler, and records its facts as a settle would. */
  async do(
    verb: string,
    params: OperationParams = {},
    env: Record<string, string> = {},
    id = `op-${(this.#serial += 1)}`,
  ): Promise<BotFacts> {
    const kind = kindOf(verb);
    this.known = {};
    this.asked = null;
    this.phases = [];
    const { facts } = await handlers[kind]({
      operation: {
        id,
        tenantId: this.bot.tenantId,
        botKey: this.bot.key,
        botId: this.bot.botId,
        nodeId: NODE,
        kind,
        status: 'running',
        seq: 1,
        params: verb === 'create' ? { settings: settings(), ...params } : params,
        digest: id,
        sealedEnv: null,
        target: 'running',
        noop: false,
        attempt: 1,
        claimEpoch: 1,
        claimedBy: NODE,
        cancelRequested: null,
        phase: null,
        progress: null,
        result: null,
        error: null,
        requestedBy: { type: 'apiKey', id: 'k', name: 'key' },
        requestId: null,
        dispatch: 1,
        createdAt: NOW,
        startedAt: this.startedAt,
        finishedAt: null,
        leaseExpired: false,
        due: true,
        overdue: false,
      },
      bot: this.bot,
      runtime: this.runtime,
      freezes: this.freezes,
      snapshot: async () => null,
      captured: () => undefined,
      env,
      signal: this.controller.signal,
      report: (phase, progress) => void this.phases.push(progress ? `${phase} ${progress.percent}` : phase),
      looking: () => void (this.looks += 1),
      know: (found) => void Object.assign(this.known, found),
      asks: (end) => void (this.asked = end),
    });
    this.bot = { ...this.bot, ...facts };
    return facts;
  }

  seen(ref: string | null | undefined): Promise<RuntimeContainer | null> {
    return this.runtime.inspect(ref ?? 'none');
  }
}
