import { hasReached, type BotFacts, type Outcome, type Progress, type SnapshotFacts } from '#domain';
import type { Messaging } from '#messaging';
import type { Protocol } from '#operations';
import { DatabaseFault, type BotStore, type SnapshotStore } from '#persistence';
import type { Log, Metrics, SecretBox } from '#platform';
import { RuntimeFailure, type ContainerRuntime } from '#runtime';
import type { Freezes } from './freezes.js';
import { attemptSeconds, handlers } from './handlers/index.js';
import type { HandlerContext, HandlerResult } from './handlers/handler.js';
import { factsAfterFailure, type Findings } from './findings.js';
import { describeFailure, outcomeOf } from './outcome.js';
import { abort, type LeaseKeeper, type Run } from './runs.js';

const PROGRESS_TELL_MS = 250;
const SETTLE_RETRY_MS = 250;

export interface RunnerParts {
  nodeId: string;
  leaseSeconds: number;
  runtime: ContainerRuntime;
  protocol: Protocol;
  bots: Pick<BotStore, 'findByKey'>;
  snapshots: Pick<SnapshotStore, 'read'>;
  freezes: Freezes;
  messaging: Pick<Messaging, 'bus'>;
  leases: LeaseKeeper;
  secrets: SecretBox;
  metrics: Metrics;
  log: Log;
  /** Whether the engine answers: where it does not, bells are left for when it does again. */
  isUp: () => boolean;
  /** Told when an engine call found nobody there. */
  onEngineLost: () => void;
  /** Told when an operation has ended, and when its container was last looked at (ms since the epoch, 0: never). */
  onSettled: (botKey: string, lookedAt: number) => void;
  /** Told when a restore has ended. */
  onRestored: () => void;
}

/** Takes a doorbell's operation from claim to end. The handler acts; this alone decides what its end means. */
export class Runner {
  constructor(private readonly parts: RunnerParts) {}

  /** A bell for what runs here already says that its row is worth a look: it may be asked to stop. */
  async ring(operationId: string): Promise<void> {
    const { parts } = this;
    if (parts.leases.runs.has(operationId)) return parts.leases.now();
    if (!parts.isUp()) return;
    const claimed = await parts.protocol.claim(operationId, { nodeId: parts.nodeId, leaseSeconds: parts.leaseSeconds });
    if (!claimed) return;
    const run: Run = {
      claimed,
      controller: new AbortController(),
      phase: null,
      progress: null,
      begunAt: Date.now(),
      lookedAt: 0,
      renewedAt: performance.now(),
    };
    parts.leases.runs.set(operationId, run);
    try {
      await this.#execute(run);
    } finally {
      parts.leases.runs.delete(operationId);
      parts.onSettled(claimed.operation.botKey, run.lookedAt);
    }
  }

  async #execute(run: Run): Promise<void> {
    const { operation, bot } = run.claimed;
    const log = this.parts.log.child({
      operationId: operation.id,
      kind: operation.kind,
      botId: bot.botId,
      attempt: operation.attempt,
    });
    const timer = setTimeout(() => abort(run, 'timeout'), attemptSeconds(operation.kind, operation.params) * 1000);
    timer.unref();
    const findings: Findings = { known: {}, asked: null, captured: {} };
    let outcome: Outcome;
    let facts: BotFacts | null;
    let finish: HandlerResult['finish'];
    try {
      const done = await this.#handle(run, findings);
      finish = done.finish;
      outcome = { outcome: 'succeeded', result: done.result ?? {} };
      facts = done.facts;
    } catch (error) {
      if (error instanceof RuntimeFailure && error.code === 'docker_unavailable') this.parts.onEngineLost();
      log.warn({ err: error, reason: run.controller.signal.reason }, describeFailure(error));
      facts = await factsAfterFailure(this.parts.runtime, bot, findings, error);
      outcome = outcomeOf(error, run.controller.signal, operation.attempt);
      if (tooLate(run, findings, facts)) outcome = { outcome: 'succeeded', result: {} };
    } finally {
      clearTimeout(timer);
    }
    if (run.controller.signal.reason !== 'lost') await this.#settle(run, outcome, facts, findings.captured);
    if (finish) await this.#finish(run, finish);
    if (run.controller.signal.reason === 'lost') return;
    if (operation.kind === 'snapshot.restore') this.parts.onRestored();
    log.info({ outcome: outcome.outcome }, `${operation.kind} ${outcome.outcome}`);
  }

  async #handle(run: Run, findings: Findings): Promise<HandlerResult> {
    const { operation, bot } = run.claimed;
    const sealed = operation.sealedEnv ?? bot.sealedEnv;
    const context: HandlerContext = {
      operation,
      bot,
      runtime: this.parts.runtime,
      freezes: this.parts.freezes,
      env:
        sealed === null
          ? {}
          : (JSON.parse(this.parts.secrets.open(Buffer.from(sealed, 'base64'))) as Record<string, string>),
      signal: run.controller.signal,
      report: (phase, progress) => this.#report(run, phase, progress ?? { percent: null, detail: null }),
      looking: () => void (run.lookedAt = Date.now()),
      know: (facts) => void Object.assign(findings.known, facts),
      asks: (end) => void (findings.asked = end),
      snapshot: (id) => this.parts.snapshots.read(bot.tenantId, id),
      captured: (id, facts) => void (findings.captured[id] = facts),
    };
    return handlers[operation.kind](context);
  }

  #report(run: Run, phase: string, progress: Progress): void {
    const first = run.phase === null;
    run.phase = phase;
    run.progress = progress;
    // What is over in a moment need neither be told nor written down on its way.
    if (first) setTimeout(() => this.#tellProgress(run, null), PROGRESS_TELL_MS).unref();
  }

  #tellProgress(run: Run, told: string | null): void {
    const { operation, bot } = run.claimed;
    const { phase, progress } = run;
    if (!this.parts.leases.runs.has(operation.id) || phase === null || progress === null) return;
    const now = JSON.stringify([phase, progress]);
    if (now !== told) {
      this.parts.messaging.bus.publish({
        type: 'progress',
        progress: { tenantId: bot.tenantId, botId: bot.botId, operationId: operation.id, phase, ...progress },
      });
      this.parts.leases.soon();
    }
    setTimeout(() => this.#tellProgress(run, now), PROGRESS_TELL_MS).unref();
  }

  /** Whose end it is, and what has come of it, is what the record says: an answer may have been lost. */
  async #finish(run: Run, finish: NonNullable<HandlerResult['finish']>): Promise<void> {
    try {
      await finish((await this.parts.bots.findByKey(run.claimed.bot.key).catch(() => null))?.bot ?? null);
    } catch (error) {
      this.parts.log.warn({ err: error, operationId: run.claimed.operation.id }, 'left to the next listing');
    }
  }

  /** Goes on until it is written, or until the lease is surely somebody else's. */
  async #settle(
    run: Run,
    outcome: Outcome,
    facts: BotFacts | null,
    captured: Record<string, SnapshotFacts>,
  ): Promise<void> {
    for (;;) {
      try {
        await this.parts.protocol.settle(run.claimed, outcome, facts, captured);
        return;
      } catch (error) {
        const lost = run.controller.signal.reason === 'lost';
        if (!(error instanceof DatabaseFault) || error.kind !== 'unavailable' || lost) throw error;
        await new Promise((resolve) => setTimeout(resolve, SETTLE_RETRY_MS));
      }
    }
  }
}

/** Whether what aborted the run came when the engine had done all that was asked of it. */
function tooLate({ claimed, controller }: Run, { known }: Findings, facts: BotFacts | null): boolean {
  const { operation } = claimed;
  if (!controller.signal.aborted || facts === null) return false;
  // A create has not made what was there before it, and a delete has more to remove than what is recorded.
  const vouches = operation.kind === 'container.create' || operation.kind === 'container.delete';
  if (vouches && known.containerId === undefined) return false;
  return hasReached(operation, facts);
}
