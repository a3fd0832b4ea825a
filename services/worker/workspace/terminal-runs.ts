import type { Log } from '#platform';
import type { Programs } from '#runtime';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { notesIn } from '../notes.js';
import { Rounds } from '../rounds.js';
import { hangUp, hasNone } from './outside.js';
import type { RunEnds } from './run-ends.js';

/** How long a shell has to save its history, and an editor what it was at. Milliseconds. */
const GRACE_MS = 1_000;
const RETRY_MS = 3_000;

interface TerminalRunsParts {
  /** The node's private one. */
  directory: string;
  programs: Programs;
  ends: Pick<RunEnds, 'end'>;
  log: Log;
}

/**
 * What runs in terminals, noted on the node's own disk before it begins: the engine lets it go on when its connection
 * is gone, so a worker that was killed finds it here and ends it, and so does one that could not while the engine was
 * away or the container stood still.
 */
export class TerminalRuns {
  readonly #live = new Set<string>();
  readonly #rounds: Rounds;

  constructor(private readonly parts: TerminalRunsParts) {
    this.#rounds = new Rounds(
      RETRY_MS,
      () => this.#endLeft(),
      (error) => parts.log.warn({ err: error }, 'the notes of terminals could not be read'),
    );
  }

  /** Ends what an earlier process has left, now and until it is done. */
  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  async note(run: string, containerId: string): Promise<void> {
    this.#live.add(run);
    await mkdir(this.parts.directory, { recursive: true, mode: 0o700 });
    await writeFile(this.#file(run), containerId, { mode: 0o600 });
  }

  /** It has ended by itself. */
  async forget(run: string): Promise<void> {
    await rm(this.#file(run), { force: true });
    this.#live.delete(run);
  }

  /** Hangs up, and kills what is left of it when `gone`, or after a moment. Never fails: it is tried again. */
  async end(run: string, containerId: string, gone?: Promise<void>): Promise<void> {
    const { programs, ends, log } = this.parts;
    this.#live.add(run);
    try {
      if (await hangUp(programs, containerId, run)) {
        const timer = new AbortController();
        const pause = delay(GRACE_MS, undefined, { signal: timer.signal }).catch(() => undefined);
        await Promise.race([pause, gone ?? pause]);
        timer.abort();
      }
      await ends.end(containerId, run);
      await this.forget(run);
    } catch (error) {
      if (hasNone(error)) return this.forget(run);
      log.warn({ err: error, containerId, run }, 'what ran in a terminal could not be ended yet');
    } finally {
      this.#live.delete(run);
    }
  }

  async #endLeft(): Promise<void> {
    const { directory } = this.parts;
    const left = (await notesIn(directory)).filter((run) => !this.#live.has(run));
    for (const run of left) {
      const containerId = await readFile(this.#file(run), 'utf8').catch(() => '');
      // Killed while it was noted: it was not begun.
      if (containerId === '') await this.forget(run);
      else await this.end(run, containerId);
    }
  }

  #file(run: string): string {
    return join(this.parts.directory, run);
  }
}
