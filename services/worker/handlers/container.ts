import {
  containerName,
  factsOf,
  goneFacts,
  nameChoices,
  type AskedEnd,
  type BotFacts,
  type ContainerState,
} from '#domain';
import { RuntimeFailure, type RuntimeContainer } from '#runtime';
import { milliseconds, toObservation } from '../observation.js';
import type { HandlerContext } from './handler.js';
import { lingering } from './linger.js';

/** How long a graceful stop may take where the caller did not say. Seconds. */
export const STOP_SECONDS = 10;
/** A caller's own command that ends within this has not come up. */
const UP_GRACE_MS = 1_000;

/** The bot's container as the engine has it now. Where it is gone, says so for good and records the truth. */
export async function existing(context: HandlerContext): Promise<RuntimeContainer> {
  const { bot, runtime, signal } = context;
  const container = bot.containerId === null ? null : await runtime.inspect(bot.containerId, signal);
  if (container) return container;
  context.know(goneFacts(bot));
  throw new RuntimeFailure('docker_error', 'The container was removed behind Berth’s back; create it again.', {
    retryable: false,
  });
}

/** What a create between the engine and the record may have left: the bot's next container, under either of its names. */
export async function leftovers(
  { bot, runtime }: Pick<HandlerContext, 'bot' | 'runtime'>,
  signal: AbortSignal,
): Promise<RuntimeContainer[]> {
  const found: RuntimeContainer[] = [];
  for (const names of nameChoices(bot)) {
    const container = await runtime.inspect(containerName(names, bot.incarnation + 1), signal);
    const identity = container?.identity;
    if (container && identity?.tenantId === bot.tenantId && identity.botId === bot.botId) found.push(container);
  }
  return found;
}

/** Removes it. */
export async function removeLeftovers(
  context: Pick<HandlerContext, 'bot' | 'runtime'>,
  signal: AbortSignal,
): Promise<void> {
  for (const left of await leftovers(context, signal)) await context.runtime.remove(left.id, signal);
}

/** Brings the main process up from any state, and makes sure that it stays up. */
export async function ensureStarted(
  context: HandlerContext,
  container: RuntimeContainer,
  command: boolean,
): Promise<void> {
  const { runtime, signal } = context;
  if (container.engineState === 'running') return;
  if (container.engineState === 'paused') return lingering(signal, (late) => runtime.resume(container.id, late));
  const restarting = container.engineState === 'restarting';
  if (restarting) await runtime.stop(container.id, 0, signal);
  await lingering(signal, (late) => runtime.start(container.id, late, restarting ? undefined : container));
  if (!command) return;
  const exit = await runtime.exitWithin(container.id, UP_GRACE_MS, signal);
  if (!exit) return;
  // Else the engine would go on restarting what cannot come up.
  await runtime.stop(container.id, 0, signal);
  throw new RuntimeFailure('start_failed', `The command ended at once with exit code ${exit.code}.`, {
    retryable: false,
    exitCode: exit.code,
  });
}

/** Ends the main process from any state. Returns what of its end is then asked for. */
export async function ensureStopped(
  context: HandlerContext,
  container: RuntimeContainer,
  timeoutSeconds: number,
): Promise<AskedEnd> {
  const { runtime, signal, operation } = context;
  const asked = { since: milliseconds(container.finishedAt), from: operation.startedAt };
  context.asks(asked);
  if (container.engineState === 'paused') await lingering(signal, (late) => runtime.resume(container.id, late));
  if (container.engineState === 'created' || container.engineState === 'exited') return asked;
  await lingering(signal, (late) => runtime.stop(container.id, timeoutSeconds, late));
  return asked;
}

/** Looks again after acting, and refuses to believe in success where the engine says otherwise. */
export async function verified(
  context: HandlerContext,
  id: string,
  wanted: ContainerState,
  asked: AskedEnd | null = null,
): Promise<BotFacts> {
  context.looking();
  const container = await context.runtime.inspect(id, context.signal);
  if (!container) return existing({ ...context, bot: { ...context.bot, containerId: id } }).then(unreachable);
  const facts = factsOf(context.bot, toObservation(container), asked);
  if (wanted === 'running' && facts.state === 'failed' && (facts.exit?.code === 126 || facts.exit?.code === 127)) {
    // Else the engine would go on restarting what cannot come up.
    await context.runtime.stop(id, 0, context.signal);
    const message = `Its main process cannot be executed (exit code ${facts.exit.code}).`;
    throw new RuntimeFailure('start_failed', message, { retryable: false, exitCode: facts.exit.code });
  }
  if (facts.state !== wanted) {
    throw new RuntimeFailure('docker_error', `The container is ${facts.state} where it should be ${wanted}.`, {
      retryable: true,
    });
  }
  return facts;
}

function unreachable(): never {
  throw new Error('a missing container must have been refused');
}
