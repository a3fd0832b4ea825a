import type Docker from 'dockerode';
import { DEADLINE_MS, pause, withDeadline } from './deadline.js';
import type { EngineConnection } from './engine-connection.js';
import { RuntimeFailure } from './failure.js';
import { engineStatus } from './failures.js';

const POLL_MS = 5;
/** A freeze waits no longer than this for all of them: in a container with too little processor, none may get to begin. */
const BEGIN_MS = 10_000;
/** After a call that broke: an engine that does not know of it by then never will. */
const LOST_MS = 2_000;

interface Turn {
  /** Resolves when the freeze that is under way has been made, or has failed. */
  freezing: Promise<void> | null;
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
    for (; turn.freezing; turn = this.#turn(containerId)) await this.#over(turn.freezing, signal);
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
    void this.#untilBegun(exec, AbortSignal.timeout(2 * BEGIN_MS), Date.now() + BEGIN_MS)
      .catch(() => undefined)
      .then(() => this.begun(containerId, exec));
  }

  /**
   * Freezes a container, once every program in it has begun. Those that are to begin meanwhile wait for the answer.
   * `docker_error`, and nothing frozen, where one does not get to begin.
   */
  async freeze(containerId: string, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
    let turn = this.#turn(containerId);
    for (; turn.freezing; turn = this.#turn(containerId)) await this.#over(turn.freezing, signal);
    let over: () => void = () => undefined;
    turn.freezing = new Promise((resolve) => (over = resolve));
    try {
      const until = Date.now() + BEGIN_MS;
      for (const [exec, started] of turn.unsure) {
        await this.#settled(started, until, signal);
        await this.#untilBegun(exec, signal, until);
        turn.unsure.delete(exec);
      }
      await act();
    } finally {
      turn.freezing = null;
      over();
      if (turn.unsure.size === 0) this.#turns.delete(containerId);
    }
  }

  /** Of a start, whatever its outcome. */
  async #settled(started: Promise<unknown>, until: number, signal: AbortSignal): Promise<void> {
    const either = started.then(
      () => undefined,
      () => undefined,
    );
    const deadlineMs = Math.max(0, until - Date.now());
    await withDeadline({ call: 'exec start', deadlineMs, signals: [signal] }, () => either);
  }

  async #untilBegun(exec: Docker.Exec, signal: AbortSignal, until: number): Promise<void> {
    const since = Date.now();
    for (;;) {
      const info = await this.#inspect(exec, signal);
      if (!info || info.Pid > 0 || info.ExitCode !== null) return;
      if (!info.Running && Date.now() - since > LOST_MS) return;
      if (Date.now() > until) {
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

  async #over(freezing: Promise<void>, signal: AbortSignal): Promise<void> {
    await withDeadline({ call: 'pause', deadlineMs: DEADLINE_MS.exec, signals: [signal] }, () => freezing);
  }

  #turn(containerId: string): Turn {
    const turn = this.#turns.get(containerId) ?? { freezing: null, unsure: new Map<Docker.Exec, Promise<unknown>>() };
    this.#turns.set(containerId, turn);
    return turn;
  }
}
