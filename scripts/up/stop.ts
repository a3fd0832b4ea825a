import type { EmbeddedPostgres } from './postgres.js';
import type { Supervised } from './supervised.js';

/** Of the 10 s that a stop may take, the part of both services; Postgres gets the rest. */
const SERVICES_MS = 8_300;
/** How long the worker waits for the API's end before it is asked too. */
const API_FIRST_MS = 2_500;
/** npm hands on the same Ctrl-C that the terminal has sent us already: what follows this close is no second one. */
const SAME_PRESS_MS = 1_000;

/** Stopping, in order, on SIGINT and SIGTERM; a second Ctrl-C is for those who will not wait. */
export class Stop {
  api: Supervised | undefined;
  worker: Supervised | undefined;
  postgres: EmbeddedPostgres | undefined;

  private readonly controller = new AbortController();
  readonly signal = this.controller.signal;
  /** Resolves when a stop was asked for. */
  readonly asked = new Promise<void>((resolve) => this.signal.addEventListener('abort', () => resolve()));
  private askedAt = 0;
  private done: Promise<void> | undefined;

  constructor(private readonly say: (line: string) => void) {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => this.ask());
  }

  /** For a step that must not be broken off: it goes on, and its result is no longer waited for. */
  async orAbort<T>(work: Promise<T>): Promise<T> {
    return Promise.race([
      work,
      this.asked.then(() => {
        this.signal.throwIfAborted();
        return work;
      }),
    ]);
  }

  all(): Promise<void> {
    return (this.done ??= this.inOrder());
  }

  private ask(): void {
    if (this.askedAt === 0) {
      this.askedAt = Date.now();
      this.say('\nStopping (Ctrl-C again to kill) ...');
      this.controller.abort(new Error('stopped on request'));
    } else if (Date.now() - this.askedAt > SAME_PRESS_MS) {
      this.say('Killed.');
      void this.killAll().then(() => process.exit(1));
    }
  }

  private async inOrder(): Promise<void> {
    const started = Date.now();
    const left = (): number => Math.max(0, SERVICES_MS - (Date.now() - started));
    const api = this.api?.end('SIGTERM', SERVICES_MS);
    await Promise.race([api, new Promise((resolve) => setTimeout(resolve, API_FIRST_MS).unref())]);
    const worker = this.worker?.end('SIGTERM', left());
    const ended = await Promise.all([api, worker]);
    for (const [index, service] of [this.api, this.worker].entries()) {
      if (ended[index] !== false || !service) continue;
      this.say(
        `The ${service.name} did not stop in time; it was killed. What it was doing is taken up again at the next start.`,
      );
      await service.end('SIGKILL', 500);
    }
    // Fast: sessions are ended, what is committed is on disk.
    if (await this.postgres?.supervised.end('SIGINT', 1_000)) return this.farewell();
    if (this.postgres && !(await this.postgres.supervised.end('SIGQUIT', 500))) {
      await this.postgres.supervised.end('SIGKILL', 200);
    }
    this.farewell();
  }

  private farewell(): void {
    if (this.signal.aborted && this.api) this.say('Stopped. The containers live on; `npm start` finds them again.');
  }

  private async killAll(): Promise<void> {
    await Promise.all([
      this.api?.end('SIGKILL', 300),
      this.worker?.end('SIGKILL', 300),
      // Not SIGKILL, which would leave its children: it recovers from this at the next start just as well.
      this.postgres?.supervised.end('SIGQUIT', 500),
    ]);
  }
}
