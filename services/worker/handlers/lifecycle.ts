import { factsOf, goneFacts, type BotFacts } from '#domain';
import type { Handler } from './handler.js';
import { toObservation } from '../observation.js';
import { ensureStarted, ensureStopped, existing, removeLeftovers, STOP_SECONDS, verified } from './container.js';
import { lingering } from './linger.js';
import { removeVolumesBut } from './make.js';
import { applyResources } from './update.js';

export const start: Handler = async (context) => {
  const container = await existing(context);
  await applyResources(context, container);
  await ensureStarted(context, container, context.bot.settings?.command != null);
  return { facts: await verified(context, container.id, 'running') };
};

export const stop: Handler = async (context) => {
  const container = await existing(context);
  const asked = await ensureStopped(context, container, context.operation.params.timeoutSeconds ?? STOP_SECONDS);
  return { facts: await verified(context, container.id, 'stopped', asked) };
};

export const restart: Handler = async (context) => {
  const container = await existing(context);
  context.report('stopping');
  const asked = await ensureStopped(context, container, STOP_SECONDS);
  const stopped = await existing(context);
  // The engine forgets the code of the last end once the process is up again.
  const { exit = null } = factsOf(context.bot, toObservation(stopped), asked);
  context.know({ exit });
  context.asks(null);
  context.report('starting');
  await applyResources(context, stopped);
  await ensureStarted(context, stopped, context.bot.settings?.command != null);
  return { facts: await verified({ ...context, bot: { ...context.bot, exit } }, container.id, 'running') };
};

export const pause: Handler = async (context) => {
  const container = await existing(context);
  const { runtime, signal } = context;
  if (container.engineState !== 'paused') await lingering(signal, (late) => runtime.pause(container.id, late));
  await context.freezes.forget(container.id);
  return { facts: await verified(context, container.id, 'paused') };
};

export const resume: Handler = async (context) => {
  const container = await existing(context);
  const { runtime, signal } = context;
  if (container.engineState === 'paused') await lingering(signal, (late) => runtime.resume(container.id, late));
  return { facts: await verified(context, container.id, 'running') };
};

/** Removes the container and what a create that never ended may have left; the data volume only if asked to. */
export const remove: Handler = async (context) => {
  const { bot, runtime, signal, operation } = context;
  const container = bot.containerId === null ? null : await runtime.inspect(bot.containerId, signal);
  if (container) {
    context.report('stopping');
    await ensureStopped(context, container, STOP_SECONDS);
    context.report('removing');
  }
  await lingering(signal, async (late) => {
    if (container) await runtime.remove(container.id, late);
    await removeLeftovers(context, late);
  });
  const facts: BotFacts = { ...goneFacts(bot), exit: bot.exit };
  context.know(facts);
  if (!operation.params.purgeData) return { facts };
  context.report('purging');
  await removeVolumesBut(context, [], signal);
  return { facts: { ...facts, hasData: false, paths: [] } };
};
