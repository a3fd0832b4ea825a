import type { ContainerInspectInfo } from 'dockerode';
import { DEADLINE_MS, pause } from './deadline.js';
import type { EngineConnection } from './engine-connection.js';
import type { ExitWatch } from './exit.js';
import { RuntimeFailure } from './failure.js';
import { limits } from './host-config.js';
import { commandFailure, engineMessage, engineStatus, startFailure, toFailure } from './failures.js';
import { inspectContainer, isUp, requireContainer, toRuntimeContainer } from './inspect.js';
import type { RuntimeContainer } from './port.js';
import type { Resources } from '#domain';

/** Time for a command that cannot be executed to say so; the container's init starts before it and always succeeds. */
const COMMAND_CHECK_MS = 250;
const REMOVAL_POLL_MS = 50;
/** What the engine says where the kernel does not change a limit under what runs. */
const CANNOT_UNDER_WAY = /unable to set memory limit|device or resource busy|cannot update container/i;

type Status = ContainerInspectInfo['State']['Status'];
const UP: readonly Status[] = ['running', 'paused', 'restarting'];

/**
 * Changes of one container's state. Each one inspects, acts, and where the act failed inspects again: the engine
 * answers 304, 409 and 500 to what already holds, and a lost answer says nothing about what was done.
 */
export class Lifecycle {
  constructor(
    private readonly engine: EngineConnection,
    private readonly exits: ExitWatch,
  ) {}

  async start(id: string, signal: AbortSignal, seen?: RuntimeContainer): Promise<void> {
    const before = seen ?? toRuntimeContainer(await this.find(id, signal));
    if (before.engineState === 'paused') return this.resume(id, signal);
    this.exits.markStart(before);
    if (UP.includes(before.engineState)) return;
    try {
      await this.engine.call('start', { deadlineMs: DEADLINE_MS.start, signal }, (abortSignal) =>
        this.engine.docker.getContainer(id).start({ abortSignal }),
      );
    } catch (error) {
      rethrowAbort(error);
      const after = await this.find(id, signal);
      if (!UP.includes(after.State.Status)) throw startFailure(error, after.State.ExitCode);
    }
    if (!before.idle) await this.checkCommand(id, signal);
  }

  /** Under an init, a command that cannot be executed is an exit like any other; the engine would restart it for ever. */
  private async checkCommand(id: string, signal: AbortSignal): Promise<void> {
    const exit = await this.exits.exitWithin(id, COMMAND_CHECK_MS, signal);
    if (exit?.code !== 126 && exit?.code !== 127) return;
    await this.stop(id, 0, signal);
    throw commandFailure(exit.code);
  }

  async stop(id: string, timeoutSeconds: number, signal: AbortSignal): Promise<void> {
    const before = await this.find(id, signal);
    if (!UP.includes(before.State.Status)) return;
    if (before.State.Status === 'paused') await this.resume(id, signal);
    const deadlineMs = DEADLINE_MS.stop + timeoutSeconds * 1000;
    try {
      await this.engine.call('stop', { deadlineMs, signal }, (abortSignal) =>
        this.engine.docker.getContainer(id).stop({ t: timeoutSeconds, abortSignal }),
      );
    } catch (error) {
      rethrowAbort(error);
      const after = await this.find(id, signal);
      if (UP.includes(after.State.Status)) await this.kill(id, signal);
    }
  }

  async kill(id: string, signal: AbortSignal): Promise<void> {
    const before = await this.find(id, signal);
    if (!UP.includes(before.State.Status)) return;
    // Between two restarts there is no process to kill, yet a stop ends the restarting.
    if (before.State.Status === 'restarting') return this.stopNow(id, signal);
    if (before.State.Status === 'paused') await this.resume(id, signal);
    try {
      await this.engine.call('kill', { deadlineMs: DEADLINE_MS.kill, signal }, async (abortSignal) => {
        await this.engine.docker.getContainer(id).kill({ signal: 'SIGKILL', abortSignal });
        await this.engine.docker.getContainer(id).wait({ condition: 'not-running', abortSignal });
      });
    } catch (error) {
      rethrowAbort(error);
      const after = await this.find(id, signal);
      if (after.State.Status === 'restarting') return this.stopNow(id, signal);
      if (UP.includes(after.State.Status)) throw error;
    }
  }

  private async stopNow(id: string, signal: AbortSignal): Promise<void> {
    await this.engine.call('stop', { deadlineMs: DEADLINE_MS.stop, signal }, async (abortSignal) => {
      try {
        await this.engine.docker.getContainer(id).stop({ t: 0, abortSignal });
      } catch (error) {
        if (engineStatus(error) !== 304) throw error;
      }
    });
  }

  async update(id: string, resources: Resources, signal: AbortSignal): Promise<boolean> {
    const before = await this.find(id, signal);
    try {
      await this.engine.call('update', { deadlineMs: DEADLINE_MS.pause, signal }, (abortSignal) =>
        this.engine.docker.getContainer(id).update({ ...limits(resources), abortSignal }),
      );
      return true;
    } catch (error) {
      rethrowAbort(error);
      if (UP.includes(before.State.Status) && CANNOT_UNDER_WAY.test(engineMessage(error))) return false;
      throw error;
    }
  }

  async pause(id: string, signal: AbortSignal): Promise<void> {
    const before = await this.find(id, signal);
    if (before.State.Status === 'paused') return;
    if (!isUp(before)) throw notRunning();
    try {
      await this.engine.call('pause', { deadlineMs: DEADLINE_MS.pause, signal }, (abortSignal) =>
        this.engine.docker.getContainer(id).pause({ abortSignal }),
      );
    } catch (error) {
      rethrowAbort(error);
      const after = await this.find(id, signal);
      if (!isUp(after)) throw notRunning();
      if (after.State.Status !== 'paused') throw error;
    }
  }

  async resume(id: string, signal: AbortSignal): Promise<void> {
    const before = await this.find(id, signal);
    if (before.State.Status === 'running') return;
    if (before.State.Status !== 'paused') throw notRunning();
    try {
      await this.engine.call('unpause', { deadlineMs: DEADLINE_MS.pause, signal }, (abortSignal) =>
        this.engine.docker.getContainer(id).unpause({ abortSignal }),
      );
    } catch (error) {
      rethrowAbort(error);
      const after = await this.find(id, signal);
      if (!isUp(after)) throw notRunning();
      if (after.State.Status === 'paused') throw error;
    }
  }

  /** Returns what the container was, or null where it was gone before. */
  async remove(id: string, signal: AbortSignal): Promise<ContainerInspectInfo | null> {
    const before = await inspectContainer(this.engine, id, signal);
    if (!before) return null;
    this.exits.forget(before.Id);
    try {
      // By engine id: the name may belong to a successor by the time of a retry.
      await this.engine.call('remove', { deadlineMs: DEADLINE_MS.remove, signal }, (abortSignal) =>
        this.engine.docker.getContainer(before.Id).remove({ v: true, force: true, abortSignal }),
      );
    } catch (error) {
      rethrowAbort(error);
      const status = engineStatus(error);
      if (status === 404) return before;
      if (status === 409) await this.untilGone(before.Id, signal, error);
      else if (await inspectContainer(this.engine, before.Id, signal)) throw error;
    }
    return before;
  }

  /** Waits for a removal that somebody else has begun. Throws `otherwise` where the container stays. */
  async untilGone(id: string, signal: AbortSignal, otherwise: unknown): Promise<void> {
    const begun = /removal .* in progress/i.test(engineMessage(otherwise));
    const deadline = Date.now() + DEADLINE_MS.remove;
    while (Date.now() < deadline) {
      const info = await inspectContainer(this.engine, id, signal);
      if (!info) return;
      // A container that runs says so until it has been killed, although its removal has begun.
      if (info.State.Status !== 'removing' && !begun) break;
      await pause(REMOVAL_POLL_MS, signal);
    }
    if (await inspectContainer(this.engine, id, signal)) throw otherwise;
  }

  private find(id: string, signal: AbortSignal): Promise<ContainerInspectInfo> {
    return requireContainer(this.engine, id, signal);
  }
}

function notRunning(): RuntimeFailure {
  return new RuntimeFailure('container_not_running', 'The container does not run.', { retryable: false });
}

/** A caller who gave up wants no further inspection. */
function rethrowAbort(error: unknown): void {
  const failure = toFailure(error);
  if (failure.code === 'aborted') throw failure;
}
