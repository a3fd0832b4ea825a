import type { BackendFactory, IQueueBackend } from 'bullmq';
import type { MessagingOptions } from './port.js';

/** Where BullMQ keeps its queues: the one difference between Redis and Postgres that the rest of this library sees. */
export interface Store {
  /** Given to each BullMQ object, so that several stores can live in one process. */
  readonly backend: BackendFactory<IQueueBackend, unknown>;
  /** Resolves when a producer may be used; rejects soon where the store is away, and then may be asked again. */
  reachable(): Promise<void>;
  /** One round trip. */
  ping(): Promise<void>;
  /** Lets go of connections, answering or not. Never rejects. */
  close(): Promise<void>;
}

export type OnFault = MessagingOptions['onFault'];

/** BullMQ insists on this option; the factory of a Store knows the connection and overlooks it. */
export const CONNECTION_OF_STORE = {};

/** What a producer waits for the store before it gives up. */
export const PRODUCER_DEADLINE_MS = 2_000;
const FAILED_FETCH_PAUSE_MS = 250;

/**
 * BullMQ asks again at once for the next job when asking failed with an error of the store (starting up, out of
 * memory, read-only): without a pause that is a busy loop.
 */
export function pauseAfterFailedFetch<B extends IQueueBackend>(backend: B): B {
  const fetch = backend.moveToActive.bind(backend);
  backend.moveToActive = async (...args) => {
    try {
      return (await fetch(...args)) as unknown[];
    } catch (error) {
      await new Promise((resolve) => setTimeout(resolve, FAILED_FETCH_PAUSE_MS));
      throw error;
    }
  };
  return backend;
}

const REPEATED_FAULT_MS = 5_000;
const REMEMBERED_FAULTS = 20;

/** Each of a process's connections reports the same outage, once per attempt: the same words are passed on now and then. */
export function dampConnectionFaults(onFault: OnFault): OnFault {
  const passedOnAt = new Map<string, number>();
  return (what, error) => {
    if (what === 'connection') {
      const words = error instanceof Error ? error.message : String(error);
      const now = performance.now();
      if (now - (passedOnAt.get(words) ?? -Infinity) < REPEATED_FAULT_MS) return;
      if (passedOnAt.size >= REMEMBERED_FAULTS) passedOnAt.clear();
      passedOnAt.set(words, now);
    }
    onFault(what, error);
  };
}
