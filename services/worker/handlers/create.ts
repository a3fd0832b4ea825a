import {
  containerName,
  dataVolumeName,
  factsOf,
  hostName,
  nameChoices,
  type BotFacts,
  type ContainerSettings,
  type DataPath,
  type Named,
} from '#domain';
import { RuntimeFailure, type RuntimeContainer } from '#runtime';
import { milliseconds, toObservation } from '../observation.js';
import { ensureStarted, leftovers, verified } from './container.js';
import type { Handler, HandlerContext, HandlerResult } from './handler.js';
import { LINGER_MS, lingering } from './linger.js';

const DATA_TARGET = '/data';

/** Makes the container with its data volume, and starts it if asked to. Builds anew what has failed. */
export const create: Handler = async (context) => {
  const { settings } = context.operation.params;
  if (!settings) throw new Error('a create without settings was accepted');
  try {
    return await build(context, settings);
  } catch (error) {
    // The engine may have made it all the same: what it has is the bot's, and told at once.
    const left = await leftovers(context, AbortSignal.timeout(LINGER_MS)).catch(() => []);
    const own = left.find(({ identity }) => identity?.operationId === context.operation.id);
    if (own) context.know(factsOfMade(context, settings, own));
    throw error;
  }
};

async function build(context: HandlerContext, settings: ContainerSettings): Promise<HandlerResult> {
  const { bot, operation, runtime, signal } = context;
  const there = bot.containerId === null ? null : await runtime.inspect(bot.containerId, signal);
  const own = there?.identity?.operationId === operation.id ? there : null;
  // What it was asked to make has come to be without it, so it has nothing to do, least of all to that container.
  if (there && !own && bot.state !== 'failed') return { facts: factsOf(bot, toObservation(there)) };
  if (own) context.know(factsOfMade(context, settings, own));

  context.report('pulling');
  await runtime.ensureImage(settings.image, {
    signal,
    onProgress: (progress) => context.report('pulling', progress),
  });
  if (there && !own) await lingering(signal, (late) => runtime.remove(there.id, late));

  context.report('creating');
  // Made before the container, and so perhaps left without one.
  context.know({ hasData: true });
  const container = own ?? (await lingering(signal, (late) => make({ ...context, signal: late }, settings)));
  const made = factsOfMade(context, settings, container);
  context.know(made);
  if (!operation.params.start)
    return { facts: { ...made, ...(await verified(fresh(context), container.id, 'stopped')) } };

  context.report('starting');
  await ensureStarted(context, container, settings.command !== null);
  return { facts: { ...made, ...(await verified(fresh(context), container.id, 'running')) } };
}

function factsOfMade(
  { bot, operation }: HandlerContext,
  settings: ContainerSettings,
  container: RuntimeContainer,
): Partial<BotFacts> {
  return {
    containerId: container.id,
    image: { ref: settings.image, id: container.image.id },
    incarnation: container.identity?.incarnation ?? bot.incarnation + 1,
    settings,
    sealedEnv: operation.sealedEnv,
    paths: pathsOf(container),
    hasData: true,
    containerCreatedAt: milliseconds(container.createdAt),
    startedAt: null,
    exit: null,
  };
}

/** A new container has no past: what the last one left behind says nothing of it. */
function fresh(context: HandlerContext): HandlerContext {
  return { ...context, bot: { ...context.bot, exit: null, startedAt: null, state: 'absent' } };
}

/** Makes it under the first names that are free or its own. */
async function make(context: HandlerContext, settings: ContainerSettings): Promise<RuntimeContainer> {
  const kept = context.bot.paths.find((path) => path.container === DATA_TARGET)?.volume;
  let conflict: unknown;
  for (const names of nameChoices(context.bot)) {
    try {
      return await makeNamed(context, settings, names, kept ?? dataVolumeName(names));
    } catch (error) {
      if (!(error instanceof RuntimeFailure) || error.code !== 'name_conflict') throw error;
      conflict = error;
    }
  }
  throw conflict;
}

async function makeNamed(
  { bot, operation, runtime, signal, env }: HandlerContext,
  settings: ContainerSettings,
  names: Named,
  volume: string,
): Promise<RuntimeContainer> {
  const incarnation = bot.incarnation + 1;
  const { image, command, resources, network } = settings;
  const spec = {
    name: containerName(names, incarnation),
    hostname: hostName(bot.botId),
    image,
    command,
    env: command === null ? {} : env,
    resources,
    network,
    identity: { tenantId: bot.tenantId, botId: bot.botId, incarnation, operationId: operation.id },
    volumes: [{ name: volume, target: DATA_TARGET }],
  };
  const container = await runtime.create(spec, signal);
  if (container.identity?.operationId === operation.id) return container;
  // Left by an earlier operation that never ended, and perhaps of other settings.
  await runtime.remove(container.id, signal);
  const again = await runtime.create(spec, signal);
  if (again.identity?.operationId === operation.id) return again;
  throw new RuntimeFailure('docker_error', `The name ${spec.name} is held by another container.`, { retryable: true });
}

function pathsOf({ mounts }: RuntimeContainer): DataPath[] {
  return mounts
    .filter((mount) => mount.container === DATA_TARGET)
    .map(({ container, host, name }) => ({ name: 'data', container, host, persistent: true, volume: name }));
}
