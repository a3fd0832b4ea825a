import { once } from 'node:events';
import { RuntimeFailure } from './failure.js';
import type { FakeContainer } from './fake-container.js';
import type { RuntimeEvent } from './port.js';

/** As many as a real engine keeps. */
const KEPT_EVENTS = 256;

interface Subscriber {
  queue: RuntimeEvent[];
  wake: () => void;
}

/** The fake engine's event stream: a short history and any number of listeners. */
export class FakeEvents {
  private readonly history: RuntimeEvent[] = [];
  private readonly subscribers = new Set<Subscriber>();
  private broken = new AbortController();

  emit(container: FakeContainer, action: RuntimeEvent['action'], exitCode?: number): void {
    const event: RuntimeEvent = {
      containerId: container.id,
      identity: { ...container.spec.identity },
      action,
      exitCode: exitCode ?? null,
      at: new Date(),
    };
    this.history.push(event);
    if (this.history.length > KEPT_EVENTS) this.history.shift();
    for (const subscriber of this.subscribers) {
      subscriber.queue.push(event);
      subscriber.wake();
    }
  }

  /** Ends every stream with `docker_unavailable`. */
  break(): void {
    this.broken.abort();
    this.broken = new AbortController();
  }

  async *watch(options: { signal: AbortSignal; since?: Date; onOpen?: () => void }): AsyncGenerator<RuntimeEvent> {
    const since = options.since?.getTime() ?? Number.POSITIVE_INFINITY;
    const subscriber: Subscriber = {
      queue: this.history.filter((event) => event.at.getTime() >= since),
      wake: () => undefined,
    };
    this.subscribers.add(subscriber);
    const broken = this.broken.signal;
    const stopped = Promise.race([ended(options.signal), ended(broken)]);
    try {
      options.onOpen?.();
      while (!options.signal.aborted && !broken.aborted) {
        const event = subscriber.queue.shift();
        if (event) {
          yield event;
          continue;
        }
        const woken = new Promise<void>((resolve) => {
          subscriber.wake = resolve;
        });
        await Promise.race([woken, stopped]);
      }
    } finally {
      this.subscribers.delete(subscriber);
    }
    if (options.signal.aborted) return;
    throw new RuntimeFailure('docker_unavailable', 'The engine stopped telling its events.', { retryable: true });
  }
}

async function ended(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
