import { containerName, describeExit, goneFacts, nameChoices, type BotFacts } from '#domain';
import type { Handler } from './handler.js';
import { toObservation } from '../observation.js';
import { ensureStarted, ensureStopped, existing, STOP_SECONDS, verified } from './container.js';
import { removeVolumesBut } from './make.js';

export const start: Handler = async (context) => {
  const container = await existing(context);
  await ensureStarted(context, container, context.bot.settings?.command != null);
  return { facts: await verified(context, container.id, 'running') };
};

export const stop: Handler = async (context) => {
  const container = await existing(context);
  await ensureStopped(context, container, context.operation.params.timeoutSeconds ?? STOP_SECONDS);
  return { facts: await verified(context, container.id, 'stopped') };
};

export const restart: Handler = async (context) => {
  const container = await existing(context);
  context.report('stopping');
  await ensureStopped(context, container, STOP_SECONDS);
  const stopped = await existing(context);
  context.report('starting');
  await ensureStarted(context, stopped, context.bot.settings?.command != null);
  const facts = await verified(context, container.id, 'running');
  // The engine forgets the code of the last end once the process is up again.
  const ended = stopped.finishedAt !== null && stopped.finishedAt !== container.finishedAt;
  const { exitCode, oomKilled, finishedAt } = toObservation(stopped);
  const exit = ended && finishedAt !== null ? describeExit(exitCode, oomKilled, finishedAt) : facts.exit;
  return { facts: { ...facts, ...(exit !== undefined && { exit }) } };
};

export const pause: Handler = async (context) => {
  const container = await existing(context);
  if (container.engineState !== 'paused') await context.runtime.pause(container.id, context.signal);
  await context.freezes.forget(container.id);
  return { facts: await verified(context, container.id, 'paused') };
};

export const resume: Handler = async (context) => {
  const container = await existing(context);
  if (container.engineState === 'paused') await context.runtime.resume(container.id, context.signal);
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
    await runtime.remove(container.id, signal);
  }
  for (const names of nameChoices(bot)) {
    const leftover = await runtime.inspect(containerName(names, bot.incarnation + 1), signal);
    if (leftover?.identity?.tenantId !== bot.tenantId || leftover.identity.botId !== bot.botId) continue;
    await runtime.remove(leftover.id, signal);
  }
  const facts: BotFacts = { ...goneFacts(bot), exit: bot.exit };
  context.know(facts);
  if (!operation.params.purgeData) return { facts };
  context.report('purging');
  await removeVolumesBut(context, [], signal);
  return { facts: { ...facts, hasData: false, paths: [] } };
};
