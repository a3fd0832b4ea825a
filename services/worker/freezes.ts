import type { Log } from '#platform';
import type { ContainerRuntime, RuntimeContainer } from '#runtime';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const THAW_MS = 30_000;

/**
 * Containers that stand still because an operation wants them to, noted on the node's own disk before they do: a
 * worker that was killed meanwhile, or could not reach the engine, leaves none of them frozen for good.
 */
export class Freezes {
  readonly #held = new Set<string>();

  /** `directory`: the node's private one. */
  constructor(
    private readonly directory: string,
    private readonly runtime: Pick<ContainerRuntime, 'pause' | 'resume' | 'inspect'>,
    /** Whether it is its bot's container, and not one that another has replaced. */
    private readonly isCurrent: (container: RuntimeContainer) => Promise<boolean>,
    private readonly log: Log,
  ) {}

  async freeze(containerId: string, signal: AbortSignal): Promise<void> {
    this.#held.add(containerId);
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    await writeFile(join(this.directory, containerId), '');
    await this.runtime.pause(containerId, signal);
  }

  /** Whether it stands still for an operation, rather than because its owner wants it to. */
  async holds(containerId: string): Promise<boolean> {
    return (await this.#noted()).includes(containerId);
  }

  /** The operation is no longer this process's: whoever has it goes on with it, or the next listing lets it go. */
  release(containerId: string): void {
    this.#held.delete(containerId);
  }

  /** Lets it go on. Where the engine does not answer, that is done when it does. */
  async thaw(containerId: string): Promise<void> {
    try {
      await this.#thaw(containerId);
    } catch (error) {
      this.log.warn({ err: error, containerId }, 'a container could not be let go on yet');
    } finally {
      this.#held.delete(containerId);
    }
  }

  /** It is no longer there to go on, or is meant to stand still. */
  async forget(containerId: string): Promise<void> {
    this.#held.delete(containerId);
    await rm(join(this.directory, containerId), { force: true });
  }

  /** Lets all go on that no operation of this process holds. */
  async thawLeft(): Promise<void> {
    for (const containerId of await this.#noted()) {
      if (this.#held.has(containerId)) continue;
      this.log.warn({ containerId }, 'letting a container go on that an operation left frozen');
      await this.#thaw(containerId);
    }
  }

  async #thaw(containerId: string): Promise<void> {
    const signal = AbortSignal.timeout(THAW_MS);
    const container = await this.runtime.inspect(containerId, signal);
    if (container?.engineState === 'paused' && (await this.isCurrent(container))) {
      await this.runtime.resume(containerId, signal);
    }
    await rm(join(this.directory, containerId), { force: true });
  }

  #noted(): Promise<string[]> {
    return readdir(this.directory).catch(() => []);
  }
}
