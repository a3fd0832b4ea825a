import type { AskedEnd, Bot, BotFacts, Operation, Progress, Snapshot, SnapshotFacts } from '#domain';
import type { ContainerRuntime } from '#runtime';
import type { Freezes } from '../freezes.js';

/** What a handler works with. It says *ensure*: it looks before it acts and after. It throws; the host decides about retries. */
export interface HandlerContext {
  operation: Operation;
  bot: Bot;
  runtime: ContainerRuntime;
  freezes: Pick<Freezes, 'freeze' | 'thaw' | 'forget' | 'release' | 'holds'>;
  /** Values for a custom command, opened for this run alone. */
  env: Record<string, string>;
  /** Aborts when the operation is cancelled, out of time, or no longer this worker's. */
  signal: AbortSignal;
  /** Told to those who watch. */
  report(phase: string, progress?: Progress): void;
  /** The container is being looked at now: what happened before need not be looked at again. */
  looking(): void;
  /** Facts that hold even if the rest fails. Later ones win. */
  know(facts: Partial<BotFacts>): void;
  /** A snapshot of the tenant's as it is recorded. */
  snapshot(id: string): Promise<Snapshot | null>;
  /** A snapshot that has been made, and stays so even if the rest fails. */
  captured(id: string, facts: SnapshotFacts): void;
  /** The main process is being asked to end, whatever becomes of the rest; null once that is over. */
  asks(end: AskedEnd | null): void;
}

export interface HandlerResult {
  facts: BotFacts;
  result?: Record<string, unknown>;
  /**
   * Called once the end is recorded, or was not, with the bot as it stands then; null where that could not be read.
   * What a crash before it leaves is found by the next listing.
   */
  finish?: (recorded: Bot | null) => Promise<void>;
}

export type Handler = (context: HandlerContext) => Promise<HandlerResult>;
