import { BerthConnectionError } from '#client';

export type TransferState = 'waiting' | 'moving' | 'done' | 'failed' | 'cancelled';

export interface Transfer {
  id: number;
  kind: 'upload' | 'download';
  name: string;
  /** Of which directory. */
  directory: string;
  state: TransferState;
  moved: number;
  /** Bytes; null where that is not known. */
  total: number | null;
  error: unknown;
}

export interface Work {
  signal: AbortSignal;
  onProgress: (moved: number, total: number | null) => void;
}
type Run = (work: Work) => Promise<unknown>;
interface Entry {
  transfer: Transfer;
  run: Run;
  end: AbortController;
}

/** How many run at the same time; a browser keeps six connections, and others want some of them. */
const AT_ONCE = 3;

/** What goes to a bot and comes from it. It goes on while other pages are looked at. */
export class Transfers {
  #entries: Entry[] = [];
  #shown: Transfer[] = [];
  #lastId = 0;
  readonly #listeners = new Set<() => void>();

  get all(): Transfer[] {
    return this.#shown;
  }

  get underWay(): boolean {
    return this.#shown.some(({ state }) => state === 'waiting' || state === 'moving');
  }

  onChange = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  add(given: Pick<Transfer, 'kind' | 'name' | 'directory' | 'total'>, run: Run): void {
    this.#lastId += 1;
    const transfer: Transfer = { ...given, id: this.#lastId, state: 'waiting', moved: 0, error: null };
    this.#entries.push({ transfer, run, end: new AbortController() });
    this.#tell();
    this.#next();
  }

  cancel(id: number): void {
    const entry = this.#entry(id);
    if (!entry) return;
    entry.end.abort();
    if (entry.transfer.state === 'waiting') this.#set(id, { state: 'cancelled' });
  }

  retry(id: number): void {
    const entry = this.#entry(id);
    if (!entry) return;
    entry.end = new AbortController();
    this.#set(id, { state: 'waiting', moved: 0, error: null });
    this.#next();
  }

  /** Forgets those that have ended. */
  clear(): void {
    this.#entries = this.#entries.filter(({ transfer: { state } }) => state === 'waiting' || state === 'moving');
    this.#tell();
  }

  #next(): void {
    const moving = this.#entries.filter(({ transfer }) => transfer.state === 'moving').length;
    const waiting = this.#entries.filter(({ transfer }) => transfer.state === 'waiting');
    for (const entry of waiting.slice(0, Math.max(0, AT_ONCE - moving))) void this.#run(entry);
  }

  async #run({ transfer: { id }, run, end }: Entry): Promise<void> {
    const { signal } = end;
    this.#set(id, { state: 'moving' });
    try {
      await run({ signal, onProgress: (moved, total) => this.#set(id, { moved, ...(total !== null && { total }) }) });
      this.#set(id, { state: 'done' });
    } catch (error) {
      if (signal.aborted || isRefusal(error)) this.#set(id, { state: 'cancelled' });
      else this.#set(id, { state: 'failed', error: asBroken(error) });
    }
    this.#next();
  }

  #entry(id: number): Entry | undefined {
    return this.#entries.find(({ transfer }) => transfer.id === id);
  }

  #set(id: number, facts: Partial<Transfer>): void {
    const entry = this.#entry(id);
    if (!entry) return;
    entry.transfer = { ...entry.transfer, ...facts };
    this.#tell();
  }

  #tell(): void {
    this.#shown = this.#entries.map(({ transfer }) => transfer);
    for (const listener of this.#listeners) listener();
  }
}

/** The place to save to was not chosen. */
function isRefusal(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** A body that breaks off is told as a plain TypeError. */
function asBroken(error: unknown): unknown {
  return error instanceof TypeError ? new BerthConnectionError(`It broke off: ${error.message}.`, error) : error;
}
