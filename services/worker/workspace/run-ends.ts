import { RuntimeFailure, type Programs } from '#runtime';
import { setTimeout as delay } from 'node:timers/promises';
import type { ForkBans } from './fork-bans.js';
import { fromOutside } from './outside.js';
import { END_RUN } from './scripts.js';
import { SIGNAL_TASK } from './task-scripts.js';

/** So long is tried what hurts nobody else in the container. Milliseconds. */
const GENTLE_MS = 5_000;
const GENTLE_ROUNDS = 3;
/** And so long while nothing in the container can fork. */
const BANNED_MS = 30_000;
const RETRY_MS = 50;

/** Ends what runs in containers from outside, of all users, also what does not want to be ended. */
export class RunEnds {
  constructor(private readonly parts: { programs: Programs; bans: Pick<ForkBans, 'during'> }) {}

  /**
   * Ends whatever is left of a run. `known` are processes of it, as `pid:start`; `hasResisted` where it was tried from
   * inside. Fails where something is left all the same, and as `execute` does.
   */
  async end(
    containerId: string,
    run: string,
    { known = [], hasResisted = false }: { known?: Iterable<string>; hasResisted?: boolean } = {},
  ): Promise<void> {
    const found = new Set(known);
    if (!hasResisted && (await this.#endGently(containerId, run, found))) return;
    await this.parts.bans.during(containerId, () =>
      untilDone(BANNED_MS, () => this.#endOnce(containerId, run, found, BANNED_MS)),
    );
  }

  /**
   * Signals a task, each process once, and adds what there is of it to `known`. False where nothing is. `isAsked`: it is
   * to end of it, by somebody's wish.
   */
  async signal(
    containerId: string,
    run: string,
    { name, isAsked = false }: { name: string; isAsked?: boolean },
    known: Set<string>,
  ): Promise<boolean> {
    const tell = async (user: string): Promise<string[]> => {
      const script = [SIGNAL_TASK, 'sh', run, [...known].join(' '), name, isAsked ? 'asked' : ''];
      const told = await this.#whateverRuns(containerId, () =>
        fromOutside(this.parts.programs, containerId, script, user),
      );
      for (const process of told.filter(isProcess)) known.add(process);
      return told;
    };
    const asRoot = await tell('0');
    let isThere = asRoot.some(isProcess);
    for (const user of asRoot.filter(isUser)) isThere = (await tell(user)).some(isProcess) || isThere;
    return isThere;
  }

  /** Runs a script that has to be run, also where what runs in the container leaves no room for it. */
  async #whateverRuns<T>(containerId: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (!isExhausted(error)) throw error;
    }
    let answer: T | undefined;
    await this.parts.bans.during(containerId, () =>
      untilDone(BANNED_MS, async () => {
        answer = await run();
        return true;
      }),
    );
    return answer as T;
  }

  async #endGently(containerId: string, run: string, found: Set<string>): Promise<boolean> {
    const until = Date.now() + GENTLE_MS;
    try {
      for (let round = 0; round < GENTLE_ROUNDS && Date.now() < until; round += 1) {
        if (await this.#endOnce(containerId, run, found, GENTLE_MS)) return true;
      }
    } catch (error) {
      if (!isExhausted(error)) throw error;
    }
    return false;
  }

  /** As root, then as each of the others. Whether nothing is left. */
  async #endOnce(containerId: string, run: string, found: Set<string>, ms: number): Promise<boolean> {
    const end = async (user: string): Promise<string[]> => {
      const script = [END_RUN, 'sh', run, [...found].join(' ')];
      const told = await fromOutside(this.parts.programs, containerId, script, user, ms);
      for (const process of told.filter(isProcess)) found.add(process);
      return told;
    };
    const asRoot = await end('0');
    let isOver = asRoot.includes('ended');
    for (const user of asRoot.filter(isUser)) isOver = (await end(user)).includes('ended') && isOver;
    // Each could tell of itself alone; root sees whether those that are known are gone.
    return isOver || (await end('0')).includes('ended');
  }
}

const isUser = (line: string): boolean => /^\d+$/.test(line);
const isProcess = (line: string): boolean => line.includes(':');

function isExhausted(error: unknown): boolean {
  return error instanceof RuntimeFailure && error.code === 'processes_exhausted';
}

/** With no room for threads, the engine's own program may fail to begin another: then once more. */
async function untilDone(ms: number, attempt: () => Promise<boolean>): Promise<void> {
  const until = Date.now() + ms;
  for (;;) {
    try {
      if (await attempt()) return;
      if (Date.now() > until) {
        throw new RuntimeFailure('docker_error', 'What a run has left could not be ended.', { retryable: true });
      }
    } catch (error) {
      if (!isExhausted(error) || Date.now() > until) throw error;
    }
    await delay(RETRY_MS);
  }
}
