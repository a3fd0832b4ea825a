import { WaitingError, Worker, type IQueueBackend, type Job, type JobProgress } from 'bullmq';
import { settlesWithin } from './deadline.js';
import type { DoorbellListener } from './port.js';
import { CONNECTION_OF_STORE, type OnFault, type Store } from './store.js';

/** A worker that is gone for this long has lost its jobs to the others. Only bells are at stake: leases rule the work. */
const LOCK_MS = 30_000;
const STALLED_CHECK_MS = 10_000;
/** Rolling restarts in a row must not fail a job: Postgres counts the attempts that matter. */
const MAX_STALLED_COUNT = 1_000;
const IDLE_WAIT_SECONDS = 10;
const RELEASE_MS = 1_000;

class AbandonableWorker extends Worker<unknown, void, string, IQueueBackend, JobProgress, unknown> {
  /** Lets go of jobs and connections at once, while `close` still waits. Other workers get the jobs when they stall. */
  async abandon(): Promise<void> {
    await this.lockManager.close();
    await this.backend.close(true);
  }
}

export interface ConsumerOptions {
  store: Store;
  queue: string;
  concurrency: number;
  onFault: OnFault;
  handle: (job: Job<unknown>) => Promise<void>;
}

/** Takes jobs off a queue. A job is finished whatever its handler does; what the handler throws is a fault, not a retry. */
export function consume({ store, queue, concurrency, onFault, handle }: ConsumerOptions): DoorbellListener {
  const running = new Set<Promise<void>>();
  let closing: Promise<void> | undefined;

  async function process(job: Job<unknown>, token: string | undefined): Promise<void> {
    if (closing) {
      // Fetched in the moment of closing: left to the next worker.
      await job.moveToWait(token);
      throw new WaitingError();
    }
    const run = Promise.resolve(job)
      .then(handle)
      .catch((error: unknown) => onFault('handler', error));
    running.add(run);
    await run;
    running.delete(run);
  }

  const worker = new AbandonableWorker(
    queue,
    (job: Job<unknown>, token?: string) => process(job, token),
    {
      connection: CONNECTION_OF_STORE,
      concurrency,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: MAX_STALLED_COUNT,
      drainDelay: IDLE_WAIT_SECONDS,
      runRetryDelay: 500,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    },
    store.backend,
  );
  worker.on('error', (error) => onFault('connection', error));

  async function close(graceMs: number): Promise<void> {
    const released = worker.close();
    await settlesWithin(Promise.all(running), graceMs);
    // Where the store is away, BullMQ waits for it; where a handler hangs, for that.
    if (!(await settlesWithin(released, RELEASE_MS))) await settlesWithin(worker.abandon(), RELEASE_MS);
  }
  return { close: (graceMs) => (closing ??= close(graceMs)) };
}
