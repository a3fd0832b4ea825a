import type { Bot, Lane, LastEnd, Observation } from '#domain';
import type { Protocol } from '#operations';
import type { BotStore } from '#persistence';
import type { Log, Metrics } from '#platform';
import type { ContainerRuntime, RuntimeContainerSummary } from '#runtime';
import { validate as isUuid } from 'uuid';
import type { Freezes } from './freezes.js';
import { toObservation } from './observation.js';
import type { Tasks } from './workspace/tasks.js';

const PAGE = 200;
/** An orphan this young may belong to an operation that is about to be retried. */
const ORPHAN_AGE_MS = 60_000;
/** A removal that is over within this is told as such alone, and not as the end that it begins with. */
export const REMOVAL_MS = 1_000;
const REMOVAL_POLL_MS = 50;

/** Compares what is recorded with what the engine has, and records the difference. */
export class Reconciler {
  constructor(
    private readonly parts: {
      nodeId: string;
      runtime: ContainerRuntime;
      bots: BotStore;
      protocol: Protocol;
      freezes: Pick<Freezes, 'thawLeft'>;
      tasks: Pick<Tasks, 'pass'>;
      /** From which age on what a killed worker has left is removed; a container's is 60 s at most. Milliseconds. */
      leftoverMs: number;
      metrics: Metrics;
      log: Log;
    },
  ) {}

  /** Looks at one bot's container. */
  async look(botKey: string, hint: LastEnd | null, via: 'event' | 'listing'): Promise<void> {
    const patienceUntil = via === 'event' ? Date.now() + REMOVAL_MS : 0;
    const change = await this.parts.protocol.observe(botKey, (bot) => this.#inspect(bot, hint, patienceUntil), hint);
    if (!change) return;
    this.parts.metrics.reconcileDrift.inc({ type: via });
    this.parts.log.info({ botId: change.bot.botId, state: change.bot.state, via }, 'container changed by other hands');
  }

  /** Looks at every container of this node, by one listing, and more closely at those that differ. */
  async lookAtAll(): Promise<void> {
    await this.parts.freezes.thawLeft();
    const listed = new Map((await this.parts.runtime.list()).map((summary) => [summary.id, summary]));
    let after: string | null = null;
    for (;;) {
      const lanes: Lane[] = await this.parts.bots.listOfNode(this.parts.nodeId, after, PAGE);
      for (const { bot } of lanes) {
        const summary = bot.containerId === null ? undefined : listed.get(bot.containerId);
        if (!agrees(bot, summary)) await this.look(bot.key, null, 'listing');
        this.parts.tasks.pass(bot);
        if (bot.containerId !== null) listed.delete(bot.containerId);
      }
      const last = lanes.at(-1);
      if (!last || lanes.length < PAGE) break;
      after = last.bot.key;
    }
    for (const stray of listed.values()) {
      // What is recorded was looked at by now; a stranger's container must not keep that from being told.
      await this.#stray(stray).catch((error: unknown) =>
        this.parts.log.warn({ err: error, containerId: stray.id }, 'a stray container could not be looked at'),
      );
    }
  }

  async #inspect({ containerId }: Bot, hint: LastEnd | null, patienceUntil: number): Promise<Observation | null> {
    if (containerId === null) return null;
    let container = await this.parts.runtime.inspect(containerId);
    while (container?.engineState === 'removing' && Date.now() < patienceUntil) {
      await new Promise((resolve) => setTimeout(resolve, REMOVAL_POLL_MS));
      container = await this.parts.runtime.inspect(containerId);
    }
    if (!container) return null;
    const observation = toObservation(container);
    if (!hint) return observation;
    const { engineState } = observation;
    return {
      ...observation,
      exitCode: engineState === 'exited' || engineState === 'removing' ? observation.exitCode : hint.exitCode,
      oomKilled: observation.oomKilled || hint.oomKilled,
    };
  }

  /**
   * A container of a known bot that is not the bot's own was left by an operation that crashed between the engine
   * and the record, and has ended since: nobody was promised it, so it goes. Strangers are left alone.
   */
  async #stray({ id, identity }: RuntimeContainerSummary): Promise<void> {
    if (!identity || !isUuid(identity.tenantId)) return;
    const lane = await this.parts.bots.find(identity.tenantId, identity.botId);
    if (!lane || lane.operations.length > 0 || lane.bot.containerId === id) return;
    const container = await this.parts.runtime.inspect(id);
    const age = Math.min(ORPHAN_AGE_MS, this.parts.leftoverMs);
    if (!container || Date.now() - Date.parse(container.createdAt) < age) return;
    this.parts.log.warn(
      { containerId: id, botId: identity.botId },
      'removing a container that no operation vouches for',
    );
    await this.parts.runtime.remove(id, AbortSignal.timeout(60_000));
  }
}

function agrees(bot: Bot, summary: RuntimeContainerSummary | undefined): boolean {
  switch (summary?.engineState) {
    case 'running':
      return bot.state === 'running';
    case 'paused':
      return bot.state === 'paused';
    case 'created':
    case 'exited':
    case 'removing':
      return bot.state === 'stopped' || bot.state === 'failed';
    case 'restarting':
    case 'dead':
      return bot.state === 'failed';
    case undefined:
      return false;
  }
}
