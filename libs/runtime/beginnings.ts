import type Docker from 'dockerode';
import { DEADLINE_MS, pause } from './deadline.js';
import type { EngineConnection } from './engine-connection.js';
import { RuntimeFailure } from './failure.js';
import { engineStatus } from './failures.js';

const POLL_MS = 5;
/** A program that has not begun by then, in a container with less processor than it wants, is not waited for. */
const BEGIN_MS = 10_000;
/** After a call that broke: an engine that does not know of it by then never will. */
const LOST_MS = 2_000;

interface Turn {
  freezing: boolean;
  /** Programs that may not have begun, each with the call that starts it. */
  unsure: Map<Docker.Exec, Promise<unknown>>;
}

/**
 * Keeps the freezes of a container and the beginnings of programs in it apart. Where a freeze comes between, the engine
 * waits for the program, holding locks without which the container is never let go on, and no image removed any more.
 * Its answer to a start is no sign: it comes before the program has begun.
 */
export class Beginnings {
  readonly #turns = new Map<string, Turn>();

  constructor(private readonly engine: EngineConnection) {}

  /** Starts a program, once no freeze is under way. */
  async begin<T>(containerId: string, exec: Docker.Exec, signal: AbortSignal, start: () => Promise<T>): Promise<T> {
    let turn = this.#turn(containerId);
    for (; turn.freezing; turn = this.#turn(containerId)) await pause(POLL_MS, signal);
    const started = start();
    turn.unsure.set(exec, started);
    try {
      return await started;
    } catch (error) {
      if (engineStatus(error) !== null) this.begun(containerId, exec);
      else this.abandon(containerId, exec);
      throw error;
    }
  }

  /** The program has begun, or never will. */
  begun(containerId: string, exec: Docker.Exec): void {
    const turn = this.#turns.get(containerId);
    turn?.unsure.delete(exec);
    if (turn && !turn.freezing && turn.unsure.size === 0) this.#turns.delete(containerId);
  }

  /** Nobody here waits for the program any more; the engine may yet begin it. */
  abandon(containerId: string, exec: Docker.Exec): void {
    if (!this.#turns.get(containerId)?.unsure.has(exec)) return;
    void this.#untilBegun(exec, AbortSignal.timeout(BEGIN_MS))
      .catch(() => undefined)
      .then(() => this.begun(containerId, exec));
  }

  /** Freezes a container, once every program in it has begun. Those that are to begin meanwhile wait for the answer. */
  async freeze(containerId: string, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
    let turn = this.#turn(containerId);
    for (; turn.freezing; turn = this.#turn(containerId)) await pause(POLL_MS, signal);
    turn.freezing = true;
    try {
      for (const [exec, started] of turn.unsure) {
        await started.catch(() => undefined);
        await this.#untilBegun(exec, signal);
        turn.unsure.delete(exec);
      }
      await act();
    } finally {
      turn.freezing = false;
      if (turn.unsure.size === 0) this.#turns.delete(containerId);
    }
  }

  async #untilBegun(exec: Docker.Exec, signal: AbortSignal): Promise<void> {
    const since = Date.now();
    for (;;) {
      const info = await this.#inspect(exec, signal);
      if (!info || info.Pid > 0 || info.ExitCode !== null) return;
      const waited = Date.now() - since;
      if (!info.Running && waited > LOST_MS) return;
      if (waited > BEGIN_MS) {
        throw new RuntimeFailure('docker_error', 'A program in the container does not get to begin.', {
          retryable: true,
        });
      }
      await pause(POLL_MS, signal);
    }
  }

  /** Null where the engine has forgotten it, as it does once a program is over. */
  async #inspect(exec: Docker.Exec, signal: AbortSignal): Promise<Docker.ExecInspectInfo | null> {
    try {
      return await this.engine.call('exec inspect', { deadlineMs: DEADLINE_MS.inspect, signal }, (abortSignal) =>
        exec.inspect({ abortSignal }),
      );
    } catch (error) {
      if (engineStatus(error) === 404) return null;
      throw error;
    }
  }

  #turn(containerId: string): Turn {
    const turn = this.#turns.get(containerId) ?? { freezing: false, unsure: new Map<Docker.Exec, Promise<unknown>>() };
    this.#turns.set(containerId, turn);
    return turn;
  }
}
