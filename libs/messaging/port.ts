/**
 * Doorbells and the bus. Neither carries truth: a lost, doubled or late message costs time, never state, so
 * nothing here is transactional and nothing of a bot but ids and volatile progress passes through.
 */

/** Tells a node's worker that an operation waits, or that one it runs is asked to stop. Batches by itself; failing is counted, reported and otherwise harmless. */
export interface Doorbell {
  /** `dispatch` makes the job id unique: BullMQ ignores an id that it still keeps. Never throws and never blocks the caller. */
  ring(nodeId: string, bell: Bell): void;
  /** Resolves when all that was rung before is handed over or given up. */
  flush(): Promise<void>;
}
export interface Bell {
  operationId: string;
  dispatch: number;
}

/** A worker's ear. The handler gets every bell of its node, at most `concurrency` at once. */
export interface DoorbellListener {
  /** Stops taking bells, waits for running handlers at most `graceMs`, then lets go. */
  close(graceMs: number): Promise<void>;
}

export type BusMessage =
  /** Events were committed: whoever tails the table should look now. */
  { type: 'events' } | { type: 'progress'; progress: ProgressMessage };

export interface ProgressMessage {
  tenantId: string;
  botId: string;
  operationId: string;
  phase: string;
  percent: number | null;
  detail: string | null;
}

/** Fan-out to every process that listens. Best effort, and quick to fail. */
export interface EventBus {
  publish(message: BusMessage): void;
  /** Returns how to stop listening. */
  subscribe(listener: (message: BusMessage) => void): () => void;
}

/** A recurring duty that any one worker does, e.g. pruning. */
export interface ControlTask {
  name: string;
  everyMs: number;
  run(signal: AbortSignal): Promise<void>;
}

export interface Messaging {
  readonly doorbell: Doorbell;
  readonly bus: EventBus;
  listen(
    nodeId: string,
    options: { concurrency: number },
    handler: (bell: Bell) => Promise<void>,
  ): Promise<DoorbellListener>;
  runControl(tasks: ControlTask[]): Promise<DoorbellListener>;
  /** Whether the queue's store answers now. Never throws. */
  healthy(): Promise<boolean>;
  close(): Promise<void>;
}

export interface MessagingOptions {
  /** Where set, BullMQ runs on Redis; else on the Postgres of `databaseUrl`. */
  redisUrl: string | undefined;
  databaseUrl: string;
  /** Redis key prefix, or Postgres schema. */
  namespace: string;
  /** Told of every fault of the store, for logs and metrics. */
  onFault: (what: 'ring' | 'publish' | 'connection' | 'handler', error: unknown) => void;
}
