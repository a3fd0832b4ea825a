import type { Bot } from '#domain';
import type { Log } from '#platform';
import type { ContainerRuntime, RuntimeContainer } from '#runtime';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { notesIn } from './notes.js';

/** More than the engine's calls for it, and what they wait for, may take together. */
const FREEZE_MS = 60_000;
const THAW_MS = 30_000;

interface FreezesParts {
  /** The node's private one. */
  directory: string;
  runtime: Pick<ContainerRuntime, 'pause' | 'resume' | 'inspect'>;
  /** The bot whose container it is; null where another has replaced it. */
  ownerOf: (container: RuntimeContainer) => Promise<Bot | null>;
  /** Takes away what an operation that never ended has put beside the bot's container. */
  makeWay: (bot: Bot, signal: AbortSignal) => Promise<void>;
  log: Log;
}

/**
 * Containers that stand still because an operation wants them to, noted on the node's own disk before they do: a
 * worker that was killed meanwhile, or could not reach the engine, leaves none of them frozen for good.
 */
export class Freezes {
  readonly #held = new Set<string>();

  constructor(private readonly parts: FreezesParts) {}

  /** Not to be cut off: an engine that was asked for a freeze may do it later, when nobody would undo it any more. */
  async freeze(containerId: string): Promise<void> {
    const { directory, runtime } = this.parts;
    this.#held.add(containerId);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFile(join(directory, containerId), '');
    await runtime.pause(containerId, AbortSignal.timeout(FREEZE_MS));
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
      this.parts.log.warn({ err: error, containerId }, 'a container could not be let go on yet');
    } finally {
      this.#held.delete(containerId);
    }
  }

  /** It is no longer there to go on, or is meant to stand still. */
  async forget(containerId: string): Promise<void> {
    this.#held.delete(containerId);
    await rm(join(this.parts.directory, containerId), { force: true });
  }

  /** Lets all go on that no operation of this process holds. One that cannot yet is tried again by the next listing. */
  async thawLeft(): Promise<void> {
    const { makeWay, log } = this.parts;
    for (const containerId of await this.#noted()) {
      if (this.#held.has(containerId)) continue;
      log.warn({ containerId }, 'letting a container go on that an operation left frozen');
      // What was to replace it may run already, and both have the same data.
      await this.#thaw(containerId, makeWay).catch((error: unknown) =>
        log.warn({ err: error, containerId }, 'a container could not be let go on yet'),
      );
    }
  }

  async #thaw(containerId: string, before?: FreezesParts['makeWay']): Promise<void> {
    const { directory, runtime, ownerOf } = this.parts;
    const signal = AbortSignal.timeout(THAW_MS);
    const container = await runtime.inspect(containerId, signal);
    const bot = container?.engineState === 'paused' ? await ownerOf(container) : null;
    if (bot) {
      await before?.(bot, signal);
      await runtime.resume(containerId, signal);
    }
    await rm(join(directory, containerId), { force: true });
  }

  #noted(): Promise<string[]> {
    return notesIn(this.parts.directory);
  }
}
