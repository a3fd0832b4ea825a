/** A turn that takes longer is not waited for: whoever is next goes on beside it. */
const PATIENCE_MS = 1_000;

/**
 * Lets those of this process who raced for one thing and lost go one after another, since all of them at once would
 * mostly make each other lose again. Only speed depends on it: who may write is decided by the database.
 */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  async take<T>(key: string, run: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const turn = (async () => {
      if (before) await ended(before);
      return run();
    })();
    this.#last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    }
  }
}

async function ended(turn: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE_MS)));
  await Promise.race([turn.catch(() => undefined), patience]);
  clearTimeout(timer);
}
