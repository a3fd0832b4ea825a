import { factsOf, holdsData, snapshotImage, type BotFacts, type ContainerSettings, type Snapshot } from '#domain';
import { RuntimeFailure, type RuntimeContainer } from '#runtime';
import { milliseconds, toObservation } from '../observation.js';
import { ensureStarted, leftovers, verified } from './container.js';
import type { Handler, HandlerContext, HandlerResult } from './handler.js';
import { LINGER_MS, lingering } from './linger.js';
import { make, pathsOf, removeVolumesBut, unmake } from './make.js';
import { fill } from './restore.js';
import { recorded } from './snapshots.js';

const UNDO_MS = 60_000;

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
    // Of a fork, it may lack what the snapshot holds.
    if (own && context.operation.params.fromSnapshot === undefined) context.know(factsOfMade(context, settings, own));
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

  const { fromSnapshot } = operation.params;
  const subject = fromSnapshot === undefined ? null : await recorded(context, fromSnapshot);

  context.report('pulling');
  await runtime.ensureImage(subject ? snapshotImage(subject.id) : settings.image, {
    signal,
    onProgress: (progress) => context.report('pulling', progress),
  });
  if (there && !own) await lingering(signal, (late) => runtime.remove(there.id, late));

  context.report('creating');
  // Made before the container, and so perhaps left without one.
  context.know({ hasData: true });
  const container =
    own ??
    (subject
      ? await fork(context, settings, subject)
      : await lingering(signal, (late) => make({ ...context, signal: late }, { settings })));
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
    currentSnapshotId: operation.params.fromSnapshot ?? null,
    containerCreatedAt: milliseconds(container.createdAt),
    startedAt: null,
    exit: null,
  };
}

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
