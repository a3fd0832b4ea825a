import { FakeRuntime, RuntimeFailure, type FakeMethod } from '#runtime';

/** How the nth call of an engine goes wrong. */
export type Accident =
  /** It does nothing and fails. */
  | 'refuses'
  /** It does what it was asked, and its answer is lost. */
  | 'loses its answer'
  /** The worker is killed before the engine hears of it. */
  | 'kills before'
  /** The worker is killed before it hears the answer. */
  | 'kills after';

/** A fake engine whose nth call, of all calls, goes wrong. A killed worker hears nothing any more. */
export class AccidentalRuntime extends FakeRuntime {
  #left = Infinity;
  #accident: Accident = 'refuses';
  #killed: (() => void) | null = null;

  /** Resolves when the worker is killed, if it is. */
  arm(n: number, accident: Accident): Promise<void> {
    this.#left = n;
    this.#accident = accident;
    return new Promise((resolve) => (this.#killed = resolve));
  }

  /** Whether the armed call has come. */
  get happened(): boolean {
    return this.#left <= 0;
  }

  /** A new worker finds an engine in order. */
  disarm(): void {
    this.#left = Infinity;
  }

  protected override async perform<T>(
    method: FakeMethod,
    ref: string,
    signal: AbortSignal | undefined,
    effect: () => T | Promise<T>,
  ): Promise<T> {
    this.#left -= 1;
    const kills = this.#accident.startsWith('kills');
    if (this.#left > 0 || (this.#left < 0 && !kills)) return super.perform(method, ref, signal, effect);
    if (this.#left === 0 && (this.#accident === 'kills after' || this.#accident === 'loses its answer')) {
      await super.perform(method, ref, signal, effect);
    }
    if (!kills) throw new RuntimeFailure('docker_error', 'An accident.', { retryable: true });
    this.#killed?.();
    return new Promise<T>(() => undefined);
  }
}
