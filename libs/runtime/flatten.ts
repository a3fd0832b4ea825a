import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ImageInspectInfo } from 'dockerode';
import { DEADLINE_MS } from './deadline.js';
import type { EngineConnection } from './engine-connection.js';
import { OWNER_LABEL } from './engine-owner.js';
import { RuntimeFailure } from './failure.js';
import { beginImport } from './image-import.js';
import type { ImageOptions, StoredImage, TransferOptions } from './image-port.js';
import { inspectImage, PART_LABEL } from './image-store.js';
import { readJsonLines } from './json-lines.js';
import { Making } from './making.js';
import { feed, through } from './stages.js';
import { tarOf } from './tar.js';
import { transfer } from './transfer.js';
import type { ArchiveContext } from './volume-archive.js';

/** Makes an image of one layer of one that has many. */
export async function flattenImage(
  context: ArchiveContext,
  source: string,
  ref: string,
  { labels, signal, onProgress }: ImageOptions & TransferOptions,
): Promise<StoredImage> {
  const { engine, store } = context;
  const image = await inspectImage(engine, source, signal);
  if (!image) throw new RuntimeFailure('image_not_found', `There is no image ${source}.`, { retryable: false });
  const bare = await importFiles(context, image, { labels, signal, onProgress });
  let making: Making<string> | undefined;
  try {
    const layer = await inspectImage(engine, bare, signal);
    if (!layer) throw new RuntimeFailure('docker_error', 'The image vanished as it was made.', { retryable: true });
    const config = flatConfig(image, layer, { ...labels, [OWNER_LABEL]: store.owner });
    making = new Making(
      (abortSignal) => loadConfig(engine, config, abortSignal),
      (id) => store.discard(id),
    );
    const { made } = making;
    const id = await engine.call('load', { deadlineMs: DEADLINE_MS.image, signal }, () => made);
    return await store.publish(id, ref);
  } catch (error) {
    making?.abandon();
    throw error;
  } finally {
    await store.discard(bare);
  }
}

/** An image of the same files, without settings and without a name. Answers with its id. */
async function importFiles(
  { engine, store, helpers }: ArchiveContext,
  image: ImageInspectInfo,
  { labels, signal, onProgress }: ImageOptions & TransferOptions,
): Promise<string> {
  const declared = Object.keys(image.Config.Volumes ?? {});
  const helper = await helpers.create({ image: image.Id, labels, declared }, signal);
  let making: Making<string> | undefined;
  try {
    const parts = { call: 'flatten', signal, onProgress, totalBytes: image.Size };
    return await transfer(engine, parts, async (meter, abortSignal) => {
      const files = (await engine.docker.getContainer(helper.id).export({ abortSignal })) as Readable;
      const tar = through([meter.pass()]);
      feed(files, tar);
      making = beginImport(engine, store, tar, {});
      return making.made;
    });
  } catch (error) {
    making?.abandon();
    throw error;
  } finally {
    await helper.remove();
  }
}

/** The image's settings as they are stored: an import takes them as lines of a Dockerfile, which cannot hold every value. */
export function flatConfig(image: ImageInspectInfo, layer: ImageInspectInfo, labels: Record<string, string>): string {
  const created = new Date().toISOString();
  const kept = Object.entries(image.Config.Labels ?? {}).filter(([name]) => !name.startsWith('berth.'));
  return JSON.stringify({
    architecture: image.Architecture,
    ...(image.Variant ? { variant: image.Variant } : {}),
    os: image.Os,
    created,
    config: { ...image.Config, Labels: { ...Object.fromEntries(kept), ...labels, [PART_LABEL]: created } },
    rootfs: { type: 'layers', diff_ids: layer.RootFS.Layers ?? [] },
    history: [{ created, created_by: 'flattened' }],
  });
}

/** Loads an image without its layers: those the engine has already. Answers with its id, the digest of its settings. */
async function loadConfig(engine: EngineConnection, config: string, abortSignal: AbortSignal): Promise<string> {
  const digest = createHash('sha256').update(config).digest('hex');
  const { rootfs } = JSON.parse(config) as { rootfs: { diff_ids: string[] } };
  const layers = rootfs.diff_ids.map((id) => `${id.replace('sha256:', '')}/layer.tar`);
  const manifest = JSON.stringify([{ Config: 'config.json', RepoTags: [], Layers: layers }]);
  const tar = Readable.from([tarOf({ 'config.json': config, 'manifest.json': manifest })], { objectMode: false });
  const options = { _query: { quiet: true }, abortSignal };
  const answer = (await engine.docker.loadImage(tar, options as object)) as Readable;
  for await (const line of readJsonLines(answer)) {
    if (typeof line['error'] === 'string') throw new Error(line['error']);
  }
  return `sha256:${digest}`;
}
