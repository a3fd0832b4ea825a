import {
  containerName,
  dataVolumeName,
  hostName,
  nameChoices,
  type ContainerSettings,
  type DataPath,
  type Named,
} from '#domain';
import { RuntimeFailure, type RuntimeContainer } from '#runtime';
import { removeLeftovers } from './container.js';
import type { HandlerContext } from './handler.js';

const DATA_TARGET = '/data';

export interface Make {
  settings: ContainerSettings;
  /** What it is made of, where that is not the image of its settings. */
  image?: string;
  /** Whether it gets data volumes of its own, empty ones, rather than those that the bot has. */
  newVolumes?: boolean;
}

/** Makes the bot's next container under the first names that are free or its own. */
export async function make(context: HandlerContext, wanted: Make): Promise<RuntimeContainer> {
  let conflict: unknown;
  for (const names of nameChoices(context.bot)) {
    try {
      return await makeNamed(context, wanted, names);
    } catch (error) {
      if (!(error instanceof RuntimeFailure) || error.code !== 'name_conflict') throw error;
      conflict = error;
    }
  }
  throw conflict;
}

async function makeNamed(
  { bot, operation, runtime, signal, env }: HandlerContext,
  { settings, image, newVolumes = false }: Make,
  names: Named,
): Promise<RuntimeContainer> {
  const incarnation = bot.incarnation + 1;
  const { command, resources, network } = settings;
  const kept = bot.paths.find((path) => path.container === DATA_TARGET)?.volume ?? dataVolumeName(names);
  const spec = {
    name: containerName(names, incarnation),
    hostname: hostName(bot.botId),
    image: image ?? settings.image,
    command,
    env: command === null ? {} : env,
    resources,
    network,
    identity: { tenantId: bot.tenantId, botId: bot.botId, incarnation, operationId: operation.id },
    volumes: [{ name: newVolumes ? `${dataVolumeName(names)}-${incarnation}` : kept, target: DATA_TARGET }],
    emptyVolumes: newVolumes,
  };
  const container = await runtime.create(spec, signal);
  if (container.identity?.operationId === operation.id) return container;
  // Left by an earlier operation that never ended, and perhaps of other settings.
  await runtime.remove(container.id, signal);
  const again = await runtime.create(spec, signal);
  if (again.identity?.operationId === operation.id) return again;
  throw new RuntimeFailure('docker_error', `The name ${spec.name} is held by another container.`, { retryable: true });
}

/** Removes what an attempt has made that never ended: the next container, and volumes that nothing recorded uses. */
export async function unmake(context: HandlerContext, signal: AbortSignal): Promise<void> {
  const { bot } = context;
  await removeLeftovers(context, signal);
  if (bot.paths.length > 0) await removeVolumesBut(context, bot.paths, signal);
}

/** Removes the bot's volumes but those of `paths`. */
export async function removeVolumesBut(
  { bot, runtime }: Pick<HandlerContext, 'bot' | 'runtime'>,
  paths: Pick<DataPath, 'volume'>[],
  signal: AbortSignal,
): Promise<void> {
  const kept = new Set(paths.map(({ volume }) => volume));
  for (const name of await runtime.listVolumes(bot, signal)) {
    if (!kept.has(name)) await runtime.removeVolume(name, bot, signal);
  }
}

/** The container's volumes as callers see them: `data`, and one named after its path for each that the image declares. */
export function pathsOf({ mounts }: RuntimeContainer): DataPath[] {
  return mounts.map(({ container, host, name }) => ({
    name: container === DATA_TARGET ? 'data' : container.replace(/^\/+/, '').replaceAll('/', '-'),
    container,
    host,
    persistent: true,
    volume: name,
  }));
}
