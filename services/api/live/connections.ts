import type { Log } from '#platform';
import type { Authenticator } from '../access/authenticator.js';

const CHECK_MS = 2_500;

/** Why a connection ends: its key is no longer good, or this process stops and another one serves it from here on. */
export type EndReason = 'revoked' | 'stopping';

interface Connection {
  keyId: string | null;
  end: (why: EndReason) => void;
}

/** Open sockets and streams. They end when the key that opened them is revoked or expires. */
export class Connections {
  readonly #open = new Set<Connection>();
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly authenticator: Authenticator,
    private readonly log: Log,
  ) {
    this.#timer = setInterval(() => void this.#check(), CHECK_MS).unref();
  }

  /** Returns how to say that it has closed. */
  add(keyId: string | null, end: (why: EndReason) => void): () => void {
    const connection = { keyId, end };
    this.#open.add(connection);
    return () => this.#open.delete(connection);
  }

  get size(): number {
    return this.#open.size;
  }

  endAll(): void {
    clearInterval(this.#timer);
    for (const connection of this.#open) connection.end('stopping');
  }

  async #check(): Promise<void> {
    const ids = [...new Set([...this.#open].flatMap(({ keyId }) => (keyId === null ? [] : [keyId])))];
    if (ids.length === 0) return;
    try {
      const alive = await this.authenticator.alive(ids);
      for (const { keyId, end } of [...this.#open]) if (keyId !== null && !alive.has(keyId)) end('revoked');
    } catch (error) {
      this.log.warn({ err: error }, 'the keys of open connections could not be checked');
    }
  }
}
