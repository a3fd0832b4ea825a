import type { ProgressView } from '#contracts';
import type { StoredEvent } from '#persistence';

/** Who is told of a tenant's events, as they are tailed. */
export interface Listener {
  /** Null for all of the tenant's bots. */
  botId: string | null;
  onEvent(event: StoredEvent): void;
  onProgress(progress: ProgressView): void;
}

/** The one fan-out of this process: from the tail to whoever listens here. */
export class Hub {
  readonly #byTenant = new Map<string, Set<Listener>>();

  /** Returns how to leave. */
  join(tenantId: string, listener: Listener): () => void {
    const listeners = this.#byTenant.get(tenantId) ?? new Set();
    this.#byTenant.set(tenantId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#byTenant.get(tenantId) === listeners) this.#byTenant.delete(tenantId);
    };
  }

  event(event: StoredEvent): void {
    for (const listener of this.#of(event.tenantId, event.view.botId)) listener.onEvent(event);
  }

  progress(tenantId: string, progress: ProgressView): void {
    for (const listener of this.#of(tenantId, progress.botId)) listener.onProgress(progress);
  }

  #of(tenantId: string, botId: string): Listener[] {
    return [...(this.#byTenant.get(tenantId) ?? [])].filter(
      (listener) => listener.botId === null || listener.botId === botId,
    );
  }
}
