import { Queue } from 'bullmq';
import { setTimeout as delay } from 'node:timers/promises';
import { bellJobId, nodeQueueName } from './bell.js';
import { settlesWithin, withDeadline } from './deadline.js';
import type { Bell, Doorbell } from './port.js';
import { CONNECTION_OF_STORE, PRODUCER_DEADLINE_MS, type OnFault, type Store } from './store.js';

/** Bells kept for one node while the store is slow. Beyond it they are dropped: the sweep rings again. */
const PENDING_MAX = 10_000;
const BATCH_MAX = 1_000;
/**
 * From one batch to the next, in milliseconds. On Postgres a batch makes and drops two tables, which takes ten times as
 * long as what it adds: many small ones would leave nothing for the requests that ring.
 */
const BATCH_EVERY_MS = 100;
const JOB = { attempts: 1, removeOnComplete: true, removeOnFail: true };

interface Node {
  /** By job id, so that the same bell waits once. */
  pending: Map<string, Bell>;
  queue: Queue<Bell> | undefined;
  flushing: Promise<void> | undefined;
  /** When the next batch may go. Milliseconds since the epoch. */
  nextBatchAt: number;
}

/** Hands bells over in batches: what is rung while one batch is under way makes the next. */
export class QueueDoorbell implements Doorbell {
  private readonly nodes = new Map<string, Node>();
  private closed = false;

  constructor(
    private readonly store: Store,
    private readonly onFault: OnFault,
  ) {}

  ring(nodeId: string, bell: Bell): void {
    const node = this.node(nodeId);
    if (this.closed || node.pending.size >= PENDING_MAX) {
      this.onFault('ring', new Error(this.closed ? 'messaging is closed' : `${PENDING_MAX} bells wait already`));
      return;
    }
    node.pending.set(bellJobId(bell), { operationId: bell.operationId, dispatch: bell.dispatch });
    node.flushing ??= this.drain(nodeId, node);
  }

  async flush(): Promise<void> {
    await Promise.all([...this.nodes.values()].map(async (node) => node.flushing));
  }

  async close(): Promise<void> {
    this.closed = true;
    await settlesWithin(this.flush(), 300);
    await Promise.all([...this.nodes.values()].map(async ({ queue }) => queue && settlesWithin(queue.close(), 300)));
  }

  private node(nodeId: string): Node {
    let node = this.nodes.get(nodeId);
    if (!node)
      this.nodes.set(nodeId, (node = { pending: new Map(), queue: undefined, flushing: undefined, nextBatchAt: 0 }));
    return node;
  }

  private async drain(nodeId: string, node: Node): Promise<void> {
    // Whatever the caller rings in this same turn goes into the first batch.
    await Promise.resolve();
    while (node.pending.size > 0) {
      if (node.pending.size > 1 && !this.closed) await delay(Math.max(0, node.nextBatchAt - Date.now()));
      const batch = [...node.pending].slice(0, BATCH_MAX);
      for (const [jobId] of batch) node.pending.delete(jobId);
      try {
        await this.handOver(nodeId, node, batch);
      } catch (error) {
        this.onFault('ring', error);
      }
    }
    node.flushing = undefined;
  }

  private async handOver(nodeId: string, node: Node, batch: [string, Bell][]): Promise<void> {
    await this.store.reachable();
    const queue = (node.queue ??= this.openQueue(nodeId));
    const jobs = batch.map(([jobId, data]) => ({ name: 'bell', data, opts: { ...JOB, jobId } }));
    const [first, ...more] = jobs;
    if (!first) return;
    // A batch of one costs Postgres a plain insert, where a bulk makes temporary tables.
    const handed = more.length === 0 ? queue.add(first.name, first.data, first.opts) : queue.addBulk(jobs);
    if (more.length > 0) node.nextBatchAt = Date.now() + BATCH_EVERY_MS;
    await withDeadline<unknown>(handed, PRODUCER_DEADLINE_MS, 'ringing');
  }

  private openQueue(nodeId: string): Queue<Bell> {
    const options = { connection: CONNECTION_OF_STORE, streams: { events: { maxLen: 100 } } };
    const queue = new Queue(nodeQueueName(nodeId), options, this.store.backend) as unknown as Queue<Bell>;
    queue.on('error', (error) => this.onFault('connection', error));
    return queue;
  }
}
