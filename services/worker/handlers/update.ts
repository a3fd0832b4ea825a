import { factsOf, type ContainerSettings, type Resources } from '#domain';
import type { RuntimeContainer } from '#runtime';
import { toObservation } from '../observation.js';
import { existing } from './container.js';
import type { Handler, HandlerContext } from './handler.js';
import { lingering } from './linger.js';

/** Changes what a container may use, and what is recorded of it. */
export const update: Handler = async (context) => {
  const { bot, operation, runtime, signal } = context;
  const container = await existing(context);
  if (!bot.settings) throw new Error('a container without settings was accepted for an update');
  const settings = updated(bot.settings, operation.params);
  let restartRequired = false;
  if (!same(container.resources, settings.resources)) {
    restartRequired = !(await lingering(signal, (late) => runtime.update(container.id, settings.resources, late)));
  }
  context.looking();
  const facts = factsOf(bot, toObservation(await existing(context)));
  return { facts: { ...facts, settings }, result: { restartRequired } };
};

function updated(
  settings: ContainerSettings,
  {
    resources,
    labels,
    autoStopSeconds,
  }: { resources?: Partial<Resources>; labels?: Record<string, string>; autoStopSeconds?: number },
): ContainerSettings {
  return {
    ...settings,
    resources: { ...settings.resources, ...resources },
    labels: labels ?? settings.labels,
    autoStopSeconds: autoStopSeconds ?? settings.autoStopSeconds,
  };
}

/** What could not be changed while it ran waits for its next start. */
export async function applyResources(
  { bot, runtime, signal }: Pick<HandlerContext, 'bot' | 'runtime' | 'signal'>,
  container: RuntimeContainer,
): Promise<void> {
  const wanted = bot.settings?.resources;
  const down = container.engineState === 'created' || container.engineState === 'exited';
  if (wanted && down && !same(container.resources, wanted)) await runtime.update(container.id, wanted, signal);
}

function same(a: Resources, b: Resources): boolean {
  return a.cpus === b.cpus && a.memoryMb === b.memoryMb && a.pids === b.pids;
}
