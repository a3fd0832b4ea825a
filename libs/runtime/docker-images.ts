import { commitContainer } from './commit.js';
import type { EngineConnection } from './engine-connection.js';
import { guard } from './failures.js';
import { flattenImage } from './flatten.js';
import type { Helpers } from './helpers.js';
import type { SnapshotImages } from './image-port.js';
import { type ImageStore, inspectImage, toStoredImage } from './image-store.js';
import { archiveVolume, unarchiveVolume } from './volume-archive.js';
import { listAllVolumes, listVolumes } from './volume-store.js';

/** Ids of containers are bare, those of images are not. */
const CONTAINER_ID = /^[0-9a-f]{64}$/;

/** What snapshots are made of, on the Docker Engine. */
export function dockerImages(engine: EngineConnection, store: ImageStore, helpers: Helpers): SnapshotImages {
  const context = { engine, store, helpers };
  return {
    commit: (containerId, ref, options) => guard(() => commitContainer(engine, store, containerId, ref, options)),
    archive: (containerId, path, ref, options) => guard(() => archiveVolume(context, containerId, path, ref, options)),
    unarchive: (ref, containerId, path, options) =>
      guard(() => unarchiveVolume(context, ref, containerId, path, options)),
    flatten: (source, ref, options) => guard(() => flattenImage(context, source, ref, options)),
    findImage: (ref, signal) =>
      guard(async () => {
        const info = await inspectImage(engine, ref, signal);
        return info && toStoredImage(info);
      }),
    removeImage: (ref, signal) =>
      guard(async () => {
        if (!CONTAINER_ID.test(ref)) return store.removeName(ref, signal);
        const found = await helpers.list(signal);
        if (found.some((helper) => helper.ref === ref)) await helpers.remove(ref, signal);
      }),
    listImages: (label, signal) =>
      guard(async () => (await Promise.all([store.list(label, signal), helpers.list(signal, label)])).flat()),
    listVolumes: (owner, signal) => guard(() => listVolumes(engine, owner, signal)),
    listAllVolumes: (signal) => guard(() => listAllVolumes(engine, signal)),
    sweepHelpers: (olderThanMs, signal) =>
      guard(async () => {
        const before = Date.now() - olderThanMs;
        return (await helpers.sweep(before, signal)) + (await store.sweep(before, signal));
      }),
  };
}
