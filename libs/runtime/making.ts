import { DEADLINE_MS } from './deadline.js';

/**
 * Something that the engine was asked to make. It goes on with what it has begun, whoever gave up or lost the answer:
 * what comes of it then is discarded.
 */
export class Making<T> {
  readonly made: Promise<T>;
  private readonly connection = new AbortController();

  constructor(
    begin: (signal: AbortSignal) => Promise<T>,
    private readonly discard: (made: T) => Promise<void>,
    /** Whether the engine has all of the request; without the rest it makes nothing. */
    private readonly isSent: () => boolean = () => true,
  ) {
    this.made = begin(this.connection.signal);
    this.made.catch(() => undefined);
  }

  /** For whoever no longer waits for it. */
  abandon(): void {
    if (!this.isSent()) this.connection.abort();
    const timer = setTimeout(() => this.connection.abort(), DEADLINE_MS.image).unref();
    this.made
      .finally(() => clearTimeout(timer))
      .then(this.discard)
      .catch(() => undefined);
  }
}
