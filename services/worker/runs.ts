import type { Progress } from '#domain';
import type { Claimed } from '#operations';
import type { Heartbeat, HeartbeatAnswer } from '#persistence';

/** Why a run is aborted. `lost`: somebody else may have it by now, so nothing more may be written. */
export type AbortReason = 'cancelled' | 'lost' | 'timeout' | 'shutdown';

/** One operation under way in this process. */
export interface Run {
  claimed: Claimed;
  controller: AbortController;
  phase: string | null;
  progress: Progress | null;
  /** Ms since the epoch. */
  begunAt: number;
  /** When the container was last looked at; ms since the epoch. */
  lookedAt: number;
  /** By this process's monotonic clock, ms: when the lease was last known to hold. */
  renewedAt: number;
}

export function abort(run: Run, reason: AbortReason): void {
  if (!run.controller.signal.aborted) run.controller.abort(reason);
}

const SOON_MS = 1_000;

/**
 * Keeps the leases of what runs here, and learns from the same statement what is to stop. A lease that could not
 * be renewed in time is given up before the database would give it to somebody else.
 */
export class LeaseKeeper {
  readonly runs = new Map<string, Run>();
  #timer: NodeJS.Timeout | null = null;
  #beating: Promise<void> | null = null;
  #again = false;
  #soon: NodeJS.Timeout | null = null;

  constructor(
    private readonly beat: (beats: Heartbeat[], leaseSeconds: number) => Promise<HeartbeatAnswer[]>,
    private readonly options: { leaseSeconds: number; onLost: (run: Run) => void; onFault: (error: unknown) => void },
  ) {}

  /** Key of the bot where an operation of it runs here. */
  runningBot(tenantId: string, botId: string): string | null {
    for (const { claimed } of this.runs.values()) {
      const { operation } = claimed;
      if (operation.tenantId === tenantId && operation.botId === botId) return operation.botKey;
    }
    return null;
  }

  /** When the oldest run began, in ms since the epoch; null where nothing runs. */
  busySince(): number | null {
    const begun = [...this.runs.values()].map(({ begunAt }) => begunAt);
    return begun.length === 0 ? null : Math.min(...begun);
  }

  start(): void {
    this.#timer = setInterval(() => void this.now(), (this.options.leaseSeconds * 1000) / 6);
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    if (this.#soon) clearTimeout(this.#soon);
  }

  /** Beats within a second: progress is worth writing down, but not each step of it. */
  soon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = null;
      void this.now();
    }, SOON_MS).unref();
  }

  /** Beats now; a call during a beat is followed by one more. */
  async now(): Promise<void> {
    if (this.#beating) {
      this.#again = true;
      return this.#beating;
    }
    this.#beating = this.#beat().finally(() => (this.#beating = null));
    await this.#beating;
    if (!this.#again) return;
    this.#again = false;
    await this.now();
  }

  async #beat(): Promise<void> {
    const runs = [...this.runs.values()];
    if (runs.length === 0) return;
    const sentAt = performance.now();
    try {
      const beats = runs.map(({ claimed, phase, progress }) => ({
        operationId: claimed.operation.id,
        epoch: claimed.epoch,
        phase,
        progress,
      }));
      const answers = new Map((await this.beat(beats, this.options.leaseSeconds)).map((a) => [a.operationId, a]));
      for (const run of runs) this.#apply(run, answers.get(run.claimed.operation.id), sentAt);
    } catch (error) {
      this.options.onFault(error);
      for (const run of runs) {
        if (performance.now() - run.renewedAt > (this.options.leaseSeconds * 1000 * 2) / 3) this.#lose(run);
      }
    }
  }

  #apply(run: Run, answer: HeartbeatAnswer | undefined, sentAt: number): void {
    // It may have ended meanwhile, which is no loss.
    if (!this.runs.has(run.claimed.operation.id)) return;
    if (!answer) return this.#lose(run);
    run.renewedAt = sentAt;
    if (answer.cancelRequested) abort(run, answer.cancelRequested === 'deadline' ? 'timeout' : 'cancelled');
  }

  #lose(run: Run): void {
    if (run.controller.signal.aborted && run.controller.signal.reason === 'lost') return;
    abort(run, 'lost');
    this.options.onLost(run);
  }
}
