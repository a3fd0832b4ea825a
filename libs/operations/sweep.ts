import type { Messaging } from '#messaging';
import type { NodeStore, OperationStore } from '#persistence';
import type { Metrics } from '#platform';
import type { Protocol } from './protocol.js';

const BATCH = 200;

/**
 * Finds what was dropped on the way, on every API replica, once a second: doorbells never heard, leases that ran
 * out, time that is up, nodes that went silent. Safe to run anywhere, at once, at any time.
 */
export class Sweep {
  constructor(
    private readonly stores: { operations: OperationStore; nodes: NodeStore },
    private readonly protocol: Protocol,
    private readonly messaging: Pick<Messaging, 'doorbell'>,
    private readonly metrics: Metrics,
    private readonly options: { silentSeconds: number },
  ) {}

  async run(): Promise<void> {
    await this.#silentNodes();
    for (const botKey of await this.stores.operations.stuckBots(BATCH)) {
      if (await this.protocol.expire(botKey)) this.metrics.operationRedispatch.inc({ reason: 'stuck' });
    }
    await this.ringUnheard();
  }

  /** With a node: everything that is due there, whenever it was last rung. */
  async ringUnheard(nodeId: string | null = null): Promise<void> {
    for (const { id, nodeId: node, dispatch } of await this.stores.operations.takeUnrung(BATCH, nodeId)) {
      this.messaging.doorbell.ring(node, { operationId: id, dispatch });
      this.metrics.operationRedispatch.inc({ reason: 'unheard' });
    }
  }

  async #silentNodes(): Promise<void> {
    for (const nodeId of await this.stores.nodes.sweepSilent(this.options.silentSeconds)) await this.markNode(nodeId);
  }

  /** Nobody can vouch for what runs on a node that does not answer. */
  async markNode(nodeId: string): Promise<void> {
    for (;;) {
      const keys = await this.stores.nodes.botsNotUnknown(nodeId, BATCH);
      for (const key of keys) await this.protocol.markUnknown(key);
      if (keys.length < BATCH) return;
    }
  }
}
