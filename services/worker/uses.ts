/**
 * Who uses which bot through this node now, and when somebody last did. Kept in memory: a worker that has just begun
 * takes its own beginning for the last use of all, so that nothing is ever found idle too early.
 */
export class Uses {
  readonly #since: number;
  readonly #bots = new Map<string, { open: number; lastAt: number }>();

  constructor(private readonly now: () => number = Date.now) {
    this.#since = now();
  }

  /** Somebody begins to use a bot. Returns how to say that it is over. */
  begin(botKey: string): () => void {
    const use = this.#bots.get(botKey) ?? { open: 0, lastAt: 0 };
    use.open += 1;
    use.lastAt = this.now();
    this.#bots.set(botKey, use);
    let over = false;
    return () => {
      if (over) return;
      over = true;
      use.open -= 1;
      use.lastAt = this.now();
    };
  }

  /** When it was last used, in ms since the epoch; null while it is. */
  lastUse(botKey: string): number | null {
    const use = this.#bots.get(botKey);
    if (!use) return this.#since;
    return use.open > 0 ? null : Math.max(use.lastAt, this.#since);
  }

  /** Forgets bots that are not asked after any more. */
  keepOnly(botKeys: ReadonlySet<string>): void {
    for (const [key, { open }] of this.#bots) if (open === 0 && !botKeys.has(key)) this.#bots.delete(key);
  }
}
