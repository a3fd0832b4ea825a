import type { Readable } from 'node:stream';
import type { ContainerInspectInfo } from 'dockerode';
import type { EngineConnection } from './engine-connection.js';
import { RuntimeFailure } from './failure.js';
import type { Helper, Helpers } from './helpers.js';
import { beginImport } from './image-import.js';
import type { ImageOptions, StoredImage, TransferOptions } from './image-port.js';
import { inspectImage, type ImageStore } from './image-store.js';
import { requireContainer } from './inspect.js';
import type { Making } from './making.js';
import { feed, through } from './stages.js';
import { packParts, partsBegin, PARTS_DIRECTORY, unpackParts } from './tar-parts.js';
import type { TarEntry } from './tar.js';
import { transfer } from './transfer.js';
import { plainPath } from './volumes.js';

/** Says that an image holds a volume, and how. */
const FORMAT_LABEL = 'berth.archive';
const FORMAT = '1';
/** Where helpers have the volume, so that its stream is the same whatever its path in a container is. */
const MOUNT = 'berth-volume';

export interface ArchiveContext {
  engine: EngineConnection;
  store: ImageStore;
  helpers: Helpers;
}

/**
 * Streams a volume into an image. Read through a helper: an archive call locks the container it reads from until it
 * ends, and that would keep everybody from the bot's own for as long.
 */
export async function archiveVolume(
  { engine, store, helpers }: ArchiveContext,
  containerId: string,
  path: string,
  ref: string,
  { labels, signal, onProgress }: ImageOptions & TransferOptions,
): Promise<StoredImage> {
  const container = await requireContainer(engine, containerId, signal);
  const reading = {
    image: container.Image,
    labels,
    volume: { name: volumeMount(container, path).name, path: `/${MOUNT}`, readOnly: true },
    declared: Object.keys(container.Config.Volumes ?? {}),
  };
  let creation: Promise<Helper> | undefined;
  let making: Making<string> | undefined;
  try {
    const parts = { call: 'archive', signal, onProgress, totalBytes: null };
    const id = await transfer(engine, parts, async (meter, connection) => {
      const tar = through([meter.pass({ entry: expectDirectoryFirst() }), packParts()]);
      tar.push(partsBegin());
      // Begins before the helper is there: the engine gets ready for the image meanwhile.
      making = beginImport(engine, store, tar, { ...labels, [FORMAT_LABEL]: FORMAT });
      creation = helpers.create(reading, signal);
      try {
        const helper = await creation;
        tar.once('end', () => void helper.remove());
        feed(await openArchive(engine, helper, `/${MOUNT}`, connection), tar);
      } catch (error) {
        tar.destroy();
        throw error;
      }
      return making.made;
    });
    return await store.publish(id, ref);
  } catch (error) {
    making?.abandon();
    throw error;
  } finally {
    await creation?.then(
      (helper) => helper.remove(),
      () => undefined,
    );
  }
}

/** Streams an image made by `archiveVolume` into a volume of a container that never ran. */
export async function unarchiveVolume(
  { engine, helpers }: ArchiveContext,
  ref: string,
  containerId: string,
  path: string,
  { signal, onProgress }: TransferOptions,
): Promise<void> {
  const [image, container] = await Promise.all([
    inspectImage(engine, ref, signal),
    requireContainer(engine, containerId, signal),
  ]);
  if (!image) throw new RuntimeFailure('image_not_found', `There is no image ${ref}.`, { retryable: false });
  if (image.Config.Labels?.[FORMAT_LABEL] !== FORMAT) throw refusal('The image holds no volume.');
  if (container.State.Status !== 'created') throw refusal('The container has run.');
  const { name, beginsEmpty } = volumeMount(container, path);
  if (!beginsEmpty) throw refusal("The volume may have files of the container's image.");
  const volume = { name, path: `/${MOUNT}`, readOnly: false };
  const creations = [
    helpers.create({ image: image.Id }, signal),
    helpers.create({ image: image.Id, volume }, signal),
  ] as const;
  try {
    const [from, to] = await Promise.all(creations);
    const parts = { call: 'unarchive', signal, onProgress, totalBytes: image.Size };
    await transfer(engine, parts, async (meter, connection) => {
      const stored = await openArchive(engine, from, `/${PARTS_DIRECTORY}`, connection);
      const tar = through([unpackParts(), meter.pass({ onEnd: () => void from.remove() })]);
      feed(stored, tar);
      await putArchive(engine, to, tar, connection);
    });
  } finally {
    await Promise.allSettled(creations.map(async (creation) => (await creation).remove()));
  }
}

function volumeMount(container: ContainerInspectInfo, path: string): { name: string; beginsEmpty: boolean } {
  const isThere = (target: string): boolean => plainPath(target) === plainPath(path);
  const mount = container.Mounts.find(({ Type, Destination }) => Type === 'volume' && isThere(Destination));
  if (mount?.Name === undefined) throw refusal('There is no volume at that path.');
  const asked = container.HostConfig.Mounts?.find(({ Target }) => isThere(Target));
  return { name: mount.Name, beginsEmpty: asked?.VolumeOptions?.NoCopy ?? false };
}

async function openArchive(
  engine: EngineConnection,
  { id }: Helper,
  path: string,
  abortSignal: AbortSignal,
): Promise<Readable> {
  const options = { _query: { path }, abortSignal };
  const stream = (await engine.docker.getContainer(id).getArchive(options)) as Readable;
  // A response cut while nobody reads it still emits an error, which would end the process.
  return stream.on('error', () => undefined);
}

async function putArchive(
  engine: EngineConnection,
  { id }: Helper,
  tar: Readable,
  abortSignal: AbortSignal,
): Promise<void> {
  try {
    const options = { _query: { path: '/' }, abortSignal };
    await engine.docker.getContainer(id).putArchive(tar, options);
  } finally {
    tar.destroy();
  }
}

/** An image may have something else at the place of the helper's mount, such as a link. */
function expectDirectoryFirst(): (entry: TarEntry) => void {
  let first = true;
  return ({ isDirectory }) => {
    if (first && !isDirectory) throw refusal('The volume cannot be read.');
    first = false;
  };
}

function refusal(message: string): RuntimeFailure {
  return new RuntimeFailure('docker_error', message, { retryable: false });
}
