import { Queue, type IQueueBackend, type Job } from 'bullmq';
import { consume } from './consumer.js';
import { pause, settlesWithin, withDeadline } from './deadline.js';
import type { ControlTask, DoorbellListener } from './port.js';
import { CONNECTION_OF_STORE, type OnFault, type Store } from './store.js';

const CONTROL = 'control';
/** A flush of the store loses schedules without a word, so they are looked at again and again. */
const CHECK_MS = 10_000;
const RETRY_MS = 1_000;
const CALL_DEADLINE_MS = 5_000;
/** A schedule whose next run is this much overdue has lost its job. */
const OVERDUE_MS = 60_000;

type Schedules = Queue<unknown, unknown, string, unknown, unknown, string, IQueueBackend, unknown>;

/** Runs recurring duties through BullMQ's job schedulers: of all workers one at a time, and one duty at a time. */
export function runControlTasks(
  store: Store,
  tasks: ControlTask[],
  onFault: OnFault,
  checkMs = CHECK_MS,
): DoorbellListener {
  const known = new Map(tasks.map((task) => [task.name, task]));
  const stopping = new AbortController();
  let schedules: Schedules | undefined;

  async function handle(job: Job<unknown>): Promise<void> {
    const task = known.get(job.name);
    if (task) return task.run(stopping.signal);
    // Left by another version. A worker that still knows it schedules it again with its next check.
    await schedules?.removeJobScheduler(job.name);
  }

  async function keepScheduled(): Promise<void> {
    while (!stopping.signal.aborted) {
      const waitMs = await ensureSchedules().then(
        () => checkMs,
        (error: unknown) => {
          if (!stopping.signal.aborted) onFault('connection', error);
          return RETRY_MS;
        },
      );
      await pause(waitMs, stopping.signal);
    }
  }

  async function ensureSchedules(): Promise<void> {
    await store.reachable();
    if (stopping.signal.aborted) return;
    const queue = (schedules ??= openSchedules(store, onFault));
    await withDeadline(queue.setGlobalConcurrency(1), CALL_DEADLINE_MS, 'limiting the control queue');
    for (const task of tasks) await withDeadline(ensureSchedule(queue, task), CALL_DEADLINE_MS, 'scheduling');
  }

  const consumer = consume({ store, queue: CONTROL, concurrency: 1, onFault, handle });
  const keeping = keepScheduled();

  return {
    close: async (graceMs) => {
      stopping.abort();
      await Promise.all([consumer.close(graceMs), settlesWithin(keeping, 500)]);
      if (schedules) await settlesWithin(schedules.close(), 300);
    },
  };
}

/** Leaves a living schedule alone: to write it again would run it again. */
async function ensureSchedule(queue: Schedules, { name, everyMs }: ControlTask): Promise<void> {
  const current = await queue.getJobScheduler(name);
  const overdue = Date.now() - Math.max(OVERDUE_MS, everyMs);
  if (current && current.every === everyMs && (current.next ?? 0) > overdue) return;
  const opts = { attempts: 1, removeOnComplete: true, removeOnFail: true };
  await queue.upsertJobScheduler(name, { every: everyMs }, { name, data: {}, opts });
}

function openSchedules(store: Store, onFault: OnFault): Schedules {
  const options = { connection: CONNECTION_OF_STORE, streams: { events: { maxLen: 100 } } };
  const queue = new Queue(CONTROL, options, store.backend);
  queue.on('error', (error: unknown) => onFault('connection', error));
  return queue;
}
