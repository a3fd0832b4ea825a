import { factsOf, holdsData, snapshotImage, type BotFacts, type ContainerSettings, type Snapshot } from '#domain';
import { RuntimeFailure, type RuntimeContainer } from '#runtime';
import { milliseconds, toObservation } from '../observation.js';
import { ensureStarted, verified } from './container.js';
import type { Handler, HandlerContext } from './handler.js';
import { make, pathsOf, removeVolumesBut, unmake } from './make.js';
import { fill } from './restore.js';
import { recorded } from './snapshots.js';

const UNDO_MS = 60_000;

/** Makes the container with its data volume, and starts it if asked to. Builds anew what has failed. */
export const create: Handler = async (context) => {
  const { bot, operation, runtime, signal } = context;
  const settings = operation.params.settings;
  if (!settings) throw new Error('a create without settings was accepted');

  const there = bot.containerId === null ? null : await runtime.inspect(bot.containerId, signal);
  const own = there?.identity?.operationId === operation.id ? there : null;
  // What it was asked to make has come to be without it, so it has nothing to do, least of all to that container.
  if (there && !own && bot.state !== 'failed') return { facts: factsOf(bot, toObservation(there)) };

  const { fromSnapshot } = operation.params;
  const subject = fromSnapshot === undefined ? null : await recorded(context, fromSnapshot);

  context.report('pulling');
  const image = await runtime.ensureImage(subject ? snapshotImage(subject.id) : settings.image, {
    signal,
    onProgress: (progress) => context.report('pulling', progress),
  });
  if (there && !own) await runtime.remove(there.id, signal);

  context.report('creating');
  // Made before the container, and so perhaps left without one.
  context.know({ hasData: true });
  const container = own ?? (await (subject ? fork(context, settings, subject) : make(context, { settings })));
  const made: Partial<BotFacts> = {
    containerId: container.id,
    image: { ref: settings.image, id: image.id },
    incarnation: container.identity?.incarnation ?? bot.incarnation + 1,
    settings,
    sealedEnv: operation.sealedEnv,
    paths: pathsOf(container),
    hasData: true,
    currentSnapshotId: subject?.id ?? null,
    containerCreatedAt: milliseconds(container.createdAt),
    startedAt: null,
    exit: null,
  };
  context.know(made);
  if (!operation.params.start)
    return { facts: { ...made, ...(await verified(fresh(context), container.id, 'stopped')) } };

  context.report('starting');
  await ensureStarted(context, container, settings.command !== null);
  return { facts: { ...made, ...(await verified(fresh(context), container.id, 'running')) } };
};

/** Makes a container of a snapshot. Half of one is nobody's: it is made whole or not at all. */
async function fork(
  context: HandlerContext,
  settings: ContainerSettings,
  subject: Snapshot,
): Promise<RuntimeContainer> {
  const { bot } = context;
  const data = holdsData(subject.scope);
  if (data && bot.paths.length > 0) {
    const message = 'The bot keeps data from before; delete its container with purgeData=true first.';
    throw new RuntimeFailure('docker_error', message, { retryable: false });
  }
  const clear = async (signal: AbortSignal): Promise<void> => {
    await unmake(context, signal);
    if (data) await removeVolumesBut(context, [], signal);
  };
  await clear(context.signal);
  try {
    const container = await make(context, { settings, image: snapshotImage(subject.id), newVolumes: data });
    if (data) await fill(context, container, subject);
    return container;
  } catch (error) {
    await clear(AbortSignal.timeout(UNDO_MS)).catch(() => undefined);
    context.know({ hasData: bot.hasData });
    throw error;
  }
}

/** A new container has no past: what the last one left behind says nothing of it. */
function fresh(context: HandlerContext): HandlerContext {
  return { ...context, bot: { ...context.bot, exit: null, startedAt: null, state: 'absent' } };
}
