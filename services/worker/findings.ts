import { factsOf, goneFacts, type AskedEnd, type Bot, type BotFacts, type SnapshotFacts } from '#domain';
import { RuntimeFailure, type ContainerRuntime } from '#runtime';
import { milliseconds, toObservation } from './observation.js';

/** What a handler has found and done so far, for the case that the rest of it fails. */
export interface Findings {
  known: Partial<BotFacts>;
  /** The end that the main process is being asked for. */
  asked: AskedEnd | null;
  /** Snapshots that were made, by id. */
  captured: Record<string, SnapshotFacts>;
}

/** What is true after a failure: what the handler knew, corrected by one more look. Null where nobody could look. */
export async function factsAfterFailure(
  runtime: ContainerRuntime,
  bot: Bot,
  { known, asked }: Omit<Findings, 'captured'>,
  error: unknown,
): Promise<BotFacts | null> {
  const containerId = known.containerId === undefined ? bot.containerId : known.containerId;
  if (containerId === null) return { ...goneFacts(bot), ...known, state: 'absent' };
  try {
    const container = await runtime.inspect(containerId);
    if (!container) return { ...known, ...goneFacts(bot) };
    // A container made meanwhile has no past.
    const isNew = known.containerId !== undefined && known.containerId !== bot.containerId;
    const before: Bot = { ...bot, ...known, state: isNew ? 'absent' : bot.state };
    const seen = { ...known, ...factsOf(before, toObservation(container), asked) };
    if (!(error instanceof RuntimeFailure) || error.code !== 'start_failed') return seen;
    const at = milliseconds(container.finishedAt) ?? new Date().toISOString();
    const code = error.exitCode ?? container.exitCode;
    return { ...seen, state: 'failed', exit: { code, oomKilled: container.oomKilled, at, cause: 'start_failed' } };
  } catch {
    return null;
  }
}
