import {
  holdsData,
  MAX_LAYERS,
  snapshotDataImage,
  snapshotImage,
  type CapturedVolume,
  type SnapshotFacts,
  type SnapshotScope,
} from '#domain';
import type { ByteProgress, ContainerRuntime, RuntimeContainer, StoredImage } from '#runtime';
import type { HandlerContext } from './handler.js';

/** What every image of a snapshot is labelled with, so that those whose snapshot is gone can be found. */
export const SNAPSHOT_KIND = 'berth.kind=snapshot';
const SNAPSHOT_LABEL = 'berth.snapshot';
const UNDO_MS = 60_000;

/** A container that stands still while it is captured, or does not run. */
export interface Frozen {
  /** Milliseconds since it was frozen; 0 where it did not run. */
  elapsed(): number;
  thaw(): Promise<void>;
}

/** Freezes a running container. One that its owner has paused stays so. */
export async function freeze(context: HandlerContext, container: RuntimeContainer): Promise<Frozen> {
  // One that an earlier attempt has frozen is let go on by this one.
  const left = container.engineState === 'paused' && (await context.freezes.holds(container.id));
  if (container.engineState !== 'running' && !left) return { elapsed: () => 0, thaw: () => Promise.resolve() };
  context.report('freezing');
  const began = performance.now();
  try {
    await context.freezes.freeze(container.id);
  } catch (error) {
    await context.freezes.thaw(container.id);
    throw error;
  }
  return {
    elapsed: () => Math.max(1, Math.round(performance.now() - began)),
    thaw: () => context.freezes.thaw(container.id),
  };
}

/**
 * Captures a container that stands still, the root filesystem and its volumes side by side. Where that fails or is
 * aborted, nothing of it stays.
 */
export async function capture(
  context: HandlerContext,
  container: RuntimeContainer,
  snapshot: { id: string; scope: SnapshotScope },
): Promise<Omit<SnapshotFacts, 'freezeMs'>> {
  const { id, scope } = snapshot;
  const mounts = holdsData(scope) ? container.mounts : [];
  const failed = new AbortController();
  const options = { labels: labelsOf(id), signal: AbortSignal.any([context.signal, failed.signal]) };
  context.report('committing');
  const parts: [Promise<StoredImage>, Promise<CapturedVolume[]>] = [
    context.runtime.commit(container.id, snapshotImage(id), options),
    archiveAll(context, container, mounts, id, options),
  ];
  try {
    const [root, volumes] = await Promise.all(parts);
    const dataSizeBytes = volumes.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    return { volumes, sizeBytes: root.sizeBytes + dataSizeBytes, dataSizeBytes, layers: root.layers };
  } catch (error) {
    failed.abort();
    await Promise.allSettled(parts);
    await discard(context.runtime, id, mounts.length).catch(() => undefined);
    throw error;
  }
}

/** Makes a snapshot flat that has grown too deep. The container need not stand still for it. */
export async function flattened(
  context: HandlerContext,
  id: string,
  facts: Omit<SnapshotFacts, 'freezeMs'>,
): Promise<Omit<SnapshotFacts, 'freezeMs'>> {
  if (facts.layers <= MAX_LAYERS) return facts;
  context.report('flattening');
  try {
    const root = await context.runtime.flatten(snapshotImage(id), snapshotImage(id), {
      labels: labelsOf(id),
      signal: context.signal,
      onProgress: (progress) => context.report('flattening', shown(progress)),
    });
    return { ...facts, layers: root.layers, sizeBytes: root.sizeBytes + facts.dataSizeBytes };
  } catch (error) {
    await discard(context.runtime, id, facts.volumes.length).catch(() => undefined);
    throw error;
  }
}

/** Removes a snapshot's images, those that there are. */
export async function discard(
  runtime: Pick<ContainerRuntime, 'removeImage'>,
  id: string,
  volumes: number,
  signal: AbortSignal = AbortSignal.timeout(UNDO_MS),
): Promise<void> {
  for (let n = 0; n < volumes; n += 1) await runtime.removeImage(snapshotDataImage(id, n), signal);
  await runtime.removeImage(snapshotImage(id), signal);
}

/** Bytes as a share, where the whole is known, and in words. */
export function shown({ bytes, totalBytes }: ByteProgress): { percent: number | null; detail: string } {
  const percent = totalBytes ? Math.min(100, Math.floor((bytes / totalBytes) * 100)) : null;
  return { percent, detail: `${(bytes / 1e6).toFixed(1)} MB` };
}

export function labelsOf(id: string): Record<string, string> {
  const [kind = '', value = ''] = SNAPSHOT_KIND.split('=');
  return { [kind]: value, [SNAPSHOT_LABEL]: id };
}

async function archiveAll(
  context: HandlerContext,
  container: RuntimeContainer,
  mounts: RuntimeContainer['mounts'],
  id: string,
  options: { labels: Record<string, string>; signal: AbortSignal },
): Promise<CapturedVolume[]> {
  const volumes: CapturedVolume[] = [];
  for (const [n, mount] of mounts.entries()) {
    const ref = snapshotDataImage(id, n);
    const onProgress = (progress: ByteProgress): void => context.report('archiving', shown(progress));
    const { sizeBytes } = await context.runtime.archive(container.id, mount.container, ref, { ...options, onProgress });
    volumes.push({ container: mount.container, ref, sizeBytes });
  }
  return volumes;
}
