import type { Lane } from '#domain';
import type { Acceptance } from '#operations';
import type { BotStore } from '#persistence';
import type { Log } from '#platform';
import { Rounds } from './rounds.js';
import type { Uses } from './uses.js';

/** How often it is looked who is idle: a stop comes so much later than promised at most, and never earlier. */
const EVERY_MS = 2_000;
const PAGE = 200;

interface IdleParts {
  nodeId: string;
  bots: Pick<BotStore, 'listStoppable'>;
  acceptance: Pick<Acceptance, 'accept'>;
  uses: Uses;
  log: Log;
}

/** Stops containers that nobody uses for as long as their owner has said, like anybody would: through the one door. */
export class IdlePolicy {
  readonly #rounds: Rounds;

  constructor(private readonly parts: IdleParts) {
    this.#rounds = new Rounds(
      EVERY_MS,
      () => this.check(),
      (error) => parts.log.warn({ err: error }, 'idle containers could not be looked for'),
    );
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  async check(): Promise<void> {
    const known = new Set<string>();
    let after: string | null = null;
    for (;;) {
      const lanes: Lane[] = await this.parts.bots.listStoppable(this.parts.nodeId, after, PAGE);
      for (const lane of lanes) {
        known.add(lane.bot.key);
        if (isIdle(lane, this.parts.uses.lastUse(lane.bot.key))) await this.#stopIdle(lane);
      }
      const last = lanes.at(-1);
      if (!last || lanes.length < PAGE) break;
      after = last.bot.key;
    }
    this.parts.uses.keepOnly(known);
  }

  async #stopIdle({ bot }: Lane): Promise<void> {
    const seconds = bot.settings?.autoStopSeconds ?? 0;
    await this.parts.acceptance
      .accept({
        tenant: { id: bot.tenantId, slug: bot.tenantSlug },
        botId: bot.botId,
        kind: 'container.stop',
        params: { timeoutSeconds: 10, reason: `Nobody has used it for ${seconds} s.` },
        requestedBy: { type: 'system', id: 'idle', name: 'Idle policy' },
        requestId: null,
        // Whatever has happened to it since is a use of it.
        ifVersion: bot.version,
        idempotency: null,
      })
      .catch((error: unknown) => this.parts.log.info({ err: error, botId: bot.botId }, 'an idle container stays up'));
  }
}

/** `lastUse` null: somebody uses it now. Every recorded change counts as a use. */
export function isIdle({ bot, operations, now }: Lane, lastUse: number | null): boolean {
  const seconds = bot.settings?.autoStopSeconds ?? 0;
  if (seconds === 0 || bot.state !== 'running' || bot.tasks.length > 0 || operations.length > 0) return false;
  if (lastUse === null) return false;
  // Each by its own clock: the record's by the database's, a use by this process's.
  return Date.parse(now) - Date.parse(bot.updatedAt) >= seconds * 1000 && Date.now() - lastUse >= seconds * 1000;
}
