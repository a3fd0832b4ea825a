import type { ContainerInspectInfo } from 'dockerode';
import { DEADLINE_MS, DeadlineExceeded, withDeadline } from './deadline.js';
import type { EngineConnection } from './engine-connection.js';
import { engineStatus } from './failures.js';
import { isUp, requireContainer, timeOrNull } from './inspect.js';
import { readJsonLines } from './json-lines.js';
import type { RuntimeContainer } from './port.js';

/** Containers whose last start is remembered; beyond it, the oldest are forgotten. */
const MAX_MARKS = 2_000;
/** Where the engine has forgotten the code. */
const UNKNOWN_EXIT_CODE = 255;

/**
 * Tells how the main process ended after a start, even where the engine has restarted it since: an end shows
 * as a new `FinishedAt`, however short the time in between was.
 */
export class ExitWatch {
  /** By container id: when it had ended before its last start. */
  private readonly marks = new Map<string, string | null>();

  constructor(private readonly engine: EngineConnection) {}

  /** To be called with what inspect said before the start. */
  markStart(before: Pick<RuntimeContainer, 'id' | 'finishedAt'>): void {
    this.marks.delete(before.id);
    this.marks.set(before.id, before.finishedAt);
    const oldest = this.marks.keys().next();
    if (this.marks.size > MAX_MARKS && !oldest.done) this.marks.delete(oldest.value);
  }

  forget(id: string): void {
    this.marks.delete(id);
  }

  async exitWithin(id: string, graceMs: number, signal: AbortSignal): Promise<{ code: number } | null> {
    const first = await this.inspect(id, signal);
    const known = this.marks.get(first.Id);
    const mark = known === undefined ? timeOrNull(first.State.FinishedAt) : known;
    const already = await this.endSince(mark, first, signal);
    if (already) return already;
    const exit = await this.nextExit(id, graceMs, signal);
    if (exit) return exit;
    // The process may have ended between the first look and the moment the engine began to wait.
    return this.endSince(mark, await this.inspect(id, signal), signal);
  }

  private inspect(id: string, signal: AbortSignal): Promise<ContainerInspectInfo> {
    return requireContainer(this.engine, id, signal);
  }

  private async endSince(
    mark: string | null,
    info: ContainerInspectInfo,
    signal: AbortSignal,
  ): Promise<{ code: number } | null> {
    if (info.State.Status === 'created') return null;
    if (!isUp(info)) return { code: info.State.ExitCode };
    if (timeOrNull(info.State.FinishedAt) === mark) return null;
    // Up again: inspect now tells the exit code of the new process, which is none. The event still has it.
    return { code: (await this.lastDieCode(info, signal)) ?? UNKNOWN_EXIT_CODE };
  }

  private async nextExit(id: string, graceMs: number, signal: AbortSignal): Promise<{ code: number } | null> {
    const options = { call: 'wait', deadlineMs: graceMs, signals: [signal] };
    try {
      const answer: unknown = await withDeadline(options, (abortSignal) =>
        this.engine.docker.getContainer(id).wait({ condition: 'next-exit', abortSignal }),
      );
      return { code: statusCodeOf(answer) };
    } catch (error) {
      if (error instanceof DeadlineExceeded) return null;
      // Removed while waited for: the inspection that follows says so.
      if (engineStatus(error) === 404) return null;
      throw error;
    }
  }

  private async lastDieCode(info: ContainerInspectInfo, signal: AbortSignal): Promise<number | null> {
    const finished = Date.parse(info.State.FinishedAt);
    const opened = await this.engine.openStream('events', { deadlineMs: DEADLINE_MS.stream, signal }, (abortSignal) =>
      this.engine.docker.getEvents({
        filters: { container: [info.Id], event: ['die'] },
        since: Math.floor(finished / 1000) - 1,
        until: Math.ceil(Date.now() / 1000),
        abortSignal,
      }),
    );
    try {
      let code: number | null = null;
      const read = async () => {
        for await (const event of readJsonLines(opened.stream)) code = dieCode(event) ?? code;
      };
      await withDeadline({ call: 'events', deadlineMs: DEADLINE_MS.inspect, signals: [opened.signal] }, read);
      return code;
    } finally {
      opened.close();
    }
  }
}

function statusCodeOf(answer: unknown): number {
  if (typeof answer === 'object' && answer !== null && 'StatusCode' in answer) return Number(answer.StatusCode);
  return UNKNOWN_EXIT_CODE;
}

function dieCode(event: Record<string, unknown>): number | null {
  const actor = event.Actor as { Attributes?: Record<string, string> } | undefined;
  const code = Number(actor?.Attributes?.exitCode ?? Number.NaN);
  return Number.isInteger(code) ? code : null;
}
