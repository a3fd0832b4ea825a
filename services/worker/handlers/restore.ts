import {
  holdsContainer,
  holdsData,
  snapshotImage,
  type BotFacts,
  type ContainerSettings,
  type RestoreScope,
  type Snapshot,
} from '#domain';
import { RuntimeFailure, type RuntimeContainer } from '#runtime';
import { milliseconds } from '../observation.js';
import { capture, flattened, freeze, labelsOf, shown, type Frozen } from './capture.js';
import { ensureStarted, existing, verified } from './container.js';
import type { Handler, HandlerContext } from './handler.js';
import { make, pathsOf, removeVolumesBut, unmake } from './make.js';
import { recorded } from './snapshots.js';

const UNDO_MS = 60_000;

/**
 * Brings a snapshot back in place. The new container is built beside the old one, which stands still; once the new one
 * is what it should be, the record switches to it, and only then the old one goes. Whatever fails before leaves the
 * old one as it was.
 */
export const restore: Handler = async (context) => {
  const { bot, operation } = context;
  const { snapshotId = '', safetySnapshotId = null, scope = 'all' } = operation.params;
  const { settings } = bot;
  if (!settings) throw new Error('a restore of a container without settings was accepted');
  const subject = await recorded(context, snapshotId);
  const old = await existing(context);
  const frozen = await freeze(context, old);
  try {
    if (safetySnapshotId) await takeSafety(context, old, safetySnapshotId, frozen);
    context.report('building');
    await unmake(context, context.signal);
    const next = await build(context, old, subject, { scope, settings });
    const facts = await switchTo(context, next, settings);
    return {
      facts,
      result: { snapshotId, safetySnapshotId },
      finish: async (recorded) => {
        try {
          if (recorded?.containerId === next.id) await retire(context, old, next);
        } finally {
          context.freezes.release(old.id);
        }
      },
    };
  } catch (error) {
    await unmake(context, AbortSignal.timeout(UNDO_MS)).catch(() => undefined);
    await context.runtime.removeImage(partImage(context), AbortSignal.timeout(UNDO_MS)).catch(() => undefined);
    await frozen.thaw();
    throw error;
  }
};

/** So that the restore can be undone. */
async function takeSafety(context: HandlerContext, old: RuntimeContainer, id: string, frozen: Frozen): Promise<void> {
  context.report('safety');
  const quiet: HandlerContext = { ...context, report: (_phase, progress) => context.report('safety', progress) };
  const facts = await capture(quiet, old, { id, scope: 'all' });
  const freezeMs = frozen.elapsed();
  context.captured(id, { ...(await flattened(quiet, id, facts)), freezeMs });
}

/** Makes the new container and fills its volumes; it has not run yet. */
async function build(
  context: HandlerContext,
  old: RuntimeContainer,
  subject: Snapshot,
  wanted: { scope: RestoreScope; settings: ContainerSettings },
): Promise<RuntimeContainer> {
  const image = await imageFor(context, old, subject, wanted.scope);
  if (!(await context.runtime.findImage(image, context.signal))) {
    throw new RuntimeFailure('image_not_found', 'The engine of this node no longer holds the snapshot’s files.', {
      retryable: false,
    });
  }
  const data = holdsData(wanted.scope);
  const next = await make(context, { settings: wanted.settings, image, newVolumes: data });
  if (data) await fill(context, next, subject);
  return next;
}

/** Unpacks a snapshot's data into the volumes of a container that has never run. */
export async function fill(context: HandlerContext, container: RuntimeContainer, subject: Snapshot): Promise<void> {
  const mounted = new Set(container.mounts.map((mount) => mount.container));
  for (const volume of subject.volumes) {
    if (!mounted.has(volume.container)) continue;
    await context.runtime.unarchive(volume.ref, container.id, volume.container, {
      signal: context.signal,
      onProgress: ({ bytes }) => context.report('building', shown({ bytes, totalBytes: volume.sizeBytes })),
    });
  }
}

/** A restore of the data alone keeps the root filesystem as it stands. */
async function imageFor(
  context: HandlerContext,
  old: RuntimeContainer,
  subject: Snapshot,
  scope: RestoreScope,
): Promise<string> {
  if (holdsContainer(scope)) return snapshotImage(subject.id);
  const { safetySnapshotId } = context.operation.params;
  if (safetySnapshotId) return snapshotImage(safetySnapshotId);
  const ref = partImage(context);
  await context.runtime.commit(old.id, ref, {
    labels: labelsOf(context.operation.id),
    signal: context.signal,
  });
  return ref;
}

const partImage = ({ operation }: HandlerContext): string => `berth/part:${operation.id}`;

/** Starts the new container where the old one ran, and answers with what it is then. */
async function switchTo(
  context: HandlerContext,
  next: RuntimeContainer,
  settings: ContainerSettings,
): Promise<BotFacts> {
  context.report('switching');
  const { bot, operation } = context;
  const runs = operation.target === 'running';
  if (runs) await ensureStarted(context, next, settings.command !== null);
  const fresh: HandlerContext = { ...context, bot: { ...bot, exit: null, startedAt: null, state: 'absent' } };
  const seen = await verified(fresh, next.id, runs ? 'running' : 'stopped');
  return {
    ...seen,
    containerId: next.id,
    image: { ref: settings.image, id: next.image.id },
    incarnation: next.identity?.incarnation ?? bot.incarnation + 1,
    paths: pathsOf(next),
    hasData: true,
    containerCreatedAt: milliseconds(next.createdAt),
  };
}

/** The old container and the volumes that only it had. */
async function retire(context: HandlerContext, old: RuntimeContainer, next: RuntimeContainer): Promise<void> {
  const signal = AbortSignal.timeout(UNDO_MS);
  await context.runtime.remove(old.id, signal);
  await context.freezes.forget(old.id);
  await removeVolumesBut(context, pathsOf(next), signal);
  await context.runtime.removeImage(partImage(context), signal);
}
