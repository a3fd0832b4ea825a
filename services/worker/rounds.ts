/** Does something now and from time to time, one round at a time: what is due while one is under way is left out. */
export class Rounds {
  #timer: NodeJS.Timeout | null = null;
  #round: Promise<void> | null = null;

  constructor(
    private readonly everyMs: number,
    private readonly run: () => Promise<void>,
    /** Told of a round that failed; the next one comes all the same. */
    private readonly onFault: (error: unknown) => void,
  ) {}

  start(): void {
    this.#timer = setInterval(() => this.#begin(), this.everyMs).unref();
    this.#begin();
  }

  /** Resolves when the last round is over. */
  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#round;
  }

  #begin(): void {
    this.#round ??= this.run()
      .catch(this.onFault)
      .finally(() => (this.#round = null));
  }
}
