import type { Log } from '#platform';
import { RuntimeFailure, type ContainerRuntime } from '#runtime';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { notesIn } from '../notes.js';
import { Rounds } from '../rounds.js';

/** What runs stays, and what is run from outside joins it whatever the limit is; but nobody in there can fork. */
const BANNED_PIDS = 1;
const RETRY_MS = 3_000;
const CALL_MS = 20_000;

interface ForkBansParts {
  /** The node's private one. */
  directory: string;
  runtime: Pick<ContainerRuntime, 'inspect' | 'update'>;
  log: Log;
}

/**
 * Keeps containers from beginning processes for a moment, by their limit of them: what forks faster than it is found
 * cannot be ended otherwise. The limit that is to be put back is noted on the node's own disk first, so that it comes back
 * even where this process is killed meanwhile, or the engine is away.
 */
export class ForkBans {
  /** One ban of a container at a time: a second would take the first one's limit for the container's own. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #rounds: Rounds;

  constructor(private readonly parts: ForkBansParts) {
    this.#rounds = new Rounds(
      RETRY_MS,
      () => this.#liftLeft(),
      (error) => parts.log.warn({ err: error }, 'the notes of limits could not be read'),
    );
  }

  /** Lifts what an earlier process has left, now and until it is done. */
  start(): void {
    this.#rounds.start();
  }

  async stop(): Promise<void> {
    await this.#rounds.stop();
    await Promise.allSettled(this.#turns.values());
  }

  /** Runs something while nothing in the container can fork. Fails as that, `inspect` and `update` do. */
  async during<T>(containerId: string, run: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(containerId) ?? Promise.resolve();
    const turn = before.then(
      () => this.#banned(containerId, run),
      () => this.#banned(containerId, run),
    );
    this.#turns.set(containerId, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(containerId) === turn) this.#turns.delete(containerId);
    }
  }

  async #banned<T>(containerId: string, run: () => Promise<T>): Promise<T> {
    const { runtime, directory } = this.parts;
    const container = await runtime.inspect(containerId, AbortSignal.timeout(CALL_MS));
    if (!container) throw new RuntimeFailure('container_not_found', 'The container is gone.', { retryable: false });
    const { resources } = container;
    if (resources.pids !== BANNED_PIDS) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeFile(this.#file(containerId), String(resources.pids), { mode: 0o600 });
      await runtime.update(containerId, { ...resources, pids: BANNED_PIDS }, AbortSignal.timeout(CALL_MS));
    }
    try {
      return await run();
    } finally {
      await this.#lift(containerId);
    }
  }

  /** Never fails: it is tried again. */
  async #lift(containerId: string): Promise<void> {
    const { runtime, log } = this.parts;
    try {
      const pids = Number(await readFile(this.#file(containerId), 'utf8').catch(() => ''));
      const container = await runtime.inspect(containerId, AbortSignal.timeout(CALL_MS));
      // Another limit was set meanwhile: that is the one to be kept.
      if (pids > 0 && container?.resources.pids === BANNED_PIDS) {
        await runtime.update(containerId, { ...container.resources, pids }, AbortSignal.timeout(CALL_MS));
      }
      await rm(this.#file(containerId), { force: true });
    } catch (error) {
      log.warn({ err: error, containerId }, 'a limit of processes could not be put back yet');
    }
  }

  async #liftLeft(): Promise<void> {
    const left = await notesIn(this.parts.directory);
    for (const containerId of left) if (!this.#turns.has(containerId)) await this.#lift(containerId);
  }

  #file(containerId: string): string {
    return join(this.parts.directory, containerId);
  }
}
