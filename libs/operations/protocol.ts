import {
  cancel,
  claim,
  expire,
  laneAfter,
  markUnknown,
  observe,
  settle,
  type Bot,
  type BotFacts,
  type Change,
  type Lane,
  type LastEnd,
  type Observation,
  type Operation,
  type Outcome,
  type SnapshotFacts,
} from '#domain';
import type { BotStore, OperationStore, PlacedOperation } from '#persistence';
import type { Metrics } from '#platform';
import type { Door } from './door.js';

/** A claimed operation: what a handler runs on, and the token that ends it. */
export interface Claimed {
  operation: Operation;
  bot: Bot;
  epoch: number;
  /** How the claim has left the lane. */
  lane: Lane;
  /** When that was, by this process's clock that never jumps. Milliseconds. */
  claimedAt: number;
}

/** An operation's way from claim to end, and what else may change a bot. Each step is one pure plan through the door. */
export class Protocol {
  constructor(
    private readonly door: Door,
    private readonly bots: BotStore,
    private readonly operations: OperationStore,
    private readonly metrics: Metrics,
  ) {}

  /** Null where somebody else has it, or it is not its turn: the doorbell was then for nothing. */
  async claim(operationId: string, worker: { nodeId: string; leaseSeconds: number }): Promise<Claimed | null> {
    let judged: Lane | null = null;
    const change = await this.door.change(
      async () => (judged = await this.bots.findByOperation(operationId)),
      (lane) => claim(lane, operationId, worker),
    );
    const operation = change?.operations[0];
    if (!change || !judged || !operation || operation.claimEpoch === null) return null;
    this.metrics.operationQueueDelay.observe(Math.max(0, Date.now() - Date.parse(operation.createdAt)) / 1000);
    return {
      operation,
      bot: change.bot,
      epoch: operation.claimEpoch,
      lane: laneAfter(judged, change),
      claimedAt: performance.now(),
    };
  }

  /** False where the claim is no longer the claimant's: nothing was written. Safe to repeat after a lost answer. */
  async settle(
    claimed: Claimed,
    outcome: Outcome,
    facts: BotFacts | null,
    snapshots: Record<string, SnapshotFacts> = {},
  ): Promise<boolean> {
    const { operation, epoch } = claimed;
    // A cancel may be noted without a new version of the bot. It is no matter to what has succeeded, and whatever else
    // happens since the claim makes this lane too old to be written.
    let remembered = outcome.outcome === 'succeeded' ? laneNow(claimed) : null;
    const change = await this.door.change(
      async () => {
        const lane = remembered ?? (await this.bots.findByKey(operation.botKey));
        remembered = null;
        return lane;
      },
      (lane) => settle(lane, { operationId: operation.id, epoch }, outcome, facts, snapshots),
    );
    if (!change) this.metrics.staleWriteRejected.inc();
    return change !== null;
  }

  /** The operation after the request; null where the tenant has none such. An ended one is left as it is. */
  async cancel(tenantId: string, operationId: string): Promise<PlacedOperation | null> {
    const known = await this.operations.find(tenantId, operationId);
    if (!known) return null;
    await this.door.change(
      () => this.bots.findByKey(known.operation.botKey),
      (lane) => cancel(lane, operationId),
    );
    return this.operations.find(tenantId, operationId);
  }

  /**
   * Records what a container is found to be. `inspect` is called after the lane was read, so that an operation in
   * between is noticed by its version and the container is looked at again.
   */
  observe(
    botKey: string,
    inspect: (bot: Bot) => Promise<Observation | null>,
    last: LastEnd | null = null,
  ): Promise<Change | null> {
    return this.door.change(
      () => this.bots.findByKey(botKey),
      async (lane) => observe(lane, await inspect(lane.bot), last),
    );
  }

  markUnknown(botKey: string): Promise<Change | null> {
    return this.door.change(() => this.bots.findByKey(botKey), markUnknown);
  }

  expire(botKey: string): Promise<Change | null> {
    return this.door.change(() => this.bots.findByKey(botKey), expire);
  }
}

/** The lane of a claim, at this moment. */
function laneNow({ lane, claimedAt }: Claimed): Lane {
  const now = Date.parse(lane.now) + (performance.now() - claimedAt);
  return { ...lane, now: new Date(now).toISOString() };
}
