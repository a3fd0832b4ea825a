import { FakeEngine, permanentFailure } from './fake-engine.js';
import type { FakeContainer } from './fake-container.js';
import { sameFiles, sizeOf, type FakeFiles } from './fake-files.js';
import { carries, type FakeImage } from './fake-images.js';
import type { VolumeOwner } from './identity.js';
import type {
  ImageOptions,
  ListedImage,
  ListedVolume,
  SnapshotImages,
  StoredImage,
  TransferOptions,
} from './image-port.js';

/** As many layers as a real engine stacks. */
const MAX_LAYERS = 125;

/** The fake's images of containers and volumes. */
export class FakeSnapshots extends FakeEngine implements SnapshotImages {
  commit(containerId: string, ref: string, { labels, signal }: ImageOptions): Promise<StoredImage> {
    return this.perform('commit', containerId, signal, () => {
      const { image, root } = this.find(containerId);
      if (image.layers >= MAX_LAYERS) throw permanentFailure('docker_error', 'The image has too many layers.');
      return this.images.make(ref, {
        labels: { ...image.labels, ...labels },
        // What changed nothing makes no layer.
        layers: image.layers + (sameFiles(root, image.files) ? 0 : 1),
        files: new Map(root),
        volumes: image.volumes,
      });
    });
  }

  archive(
    containerId: string,
    path: string,
    ref: string,
    { labels, signal, onProgress }: ImageOptions & TransferOptions,
  ): Promise<StoredImage> {
    return this.perform('archive', containerId, signal, () => {
      const files = this.volumeAt(this.find(containerId), path);
      transfer(files, onProgress);
      return this.images.make(ref, { labels, files: new Map(files), archive: true });
    });
  }

  unarchive(ref: string, containerId: string, path: string, { signal, onProgress }: TransferOptions): Promise<void> {
    return this.perform('unarchive', containerId, signal, () => {
      const image = this.requireImage(ref);
      if (!image.archive) throw permanentFailure('docker_error', 'The image holds no volume.');
      const container = this.find(containerId);
      if (container.state !== 'created') throw permanentFailure('docker_error', 'The container has run.');
      if (!container.spec.emptyVolumes) throw permanentFailure('docker_error', 'The volume may have files.');
      const files = this.volumeAt(container, path);
      transfer(image.files, onProgress);
      for (const [name, text] of image.files) files.set(name, text);
    });
  }

  flatten(
    source: string,
    ref: string,
    { labels, signal, onProgress }: ImageOptions & TransferOptions,
  ): Promise<StoredImage> {
    return this.perform('flatten', source, signal, () => {
      const image = this.requireImage(source);
      transfer(image.files, onProgress);
      return this.images.make(ref, { ...image, labels: { ...image.labels, ...labels }, layers: 1 });
    });
  }

  findImage(ref: string, signal: AbortSignal): Promise<StoredImage | null> {
    return this.perform('findImage', ref, signal, () => this.images.findStored(ref));
  }

  removeImage(ref: string, signal: AbortSignal): Promise<void> {
    return this.perform('removeImage', ref, signal, () => {
      this.images.remove(ref);
      this.helpers.delete(ref);
    });
  }

  listImages(label: string, signal: AbortSignal): Promise<ListedImage[]> {
    return this.perform('listImages', label, signal, () => [
      ...this.images.list(label),
      ...[...this.helpers]
        .filter(([, { labels }]) => carries(labels, label))
        .map(([ref, { labels, createdAt }]) => ({ ref, labels, createdAt })),
    ]);
  }

  listVolumes(owner: VolumeOwner, signal: AbortSignal): Promise<string[]> {
    return this.perform('listVolumes', owner.botId, signal, () =>
      [...this.volumes]
        .filter(([, made]) => made.tenantId === owner.tenantId && made.botId === owner.botId)
        .map(([name]) => name),
    );
  }

  listAllVolumes(signal: AbortSignal): Promise<ListedVolume[]> {
    return this.perform('listAllVolumes', '', signal, () =>
      [...this.volumes].map(([name, { tenantId, botId, createdAt }]) => ({
        name,
        owner: { tenantId, botId },
        createdAt,
      })),
    );
  }

  sweepHelpers(olderThanMs: number, signal: AbortSignal): Promise<number> {
    return this.perform('sweepHelpers', '', signal, () => {
      const old = [...this.helpers].filter(([, { createdAt }]) => Date.now() - Date.parse(createdAt) >= olderThanMs);
      for (const [id] of old) this.helpers.delete(id);
      return old.length;
    });
  }

  private requireImage(ref: string): FakeImage {
    const image = this.images.find(ref);
    if (!image) throw permanentFailure('image_not_found', `There is no image ${ref}.`);
    return image;
  }

  private volumeAt(container: FakeContainer, path: string): FakeFiles {
    const mount = container.mounts.find(({ target }) => target === path);
    const volume = mount && this.volumes.get(mount.name);
    if (!volume) throw permanentFailure('docker_error', 'There is no volume at that path.');
    return volume.files;
  }
}

function transfer(files: FakeFiles, onProgress: TransferOptions['onProgress']): void {
  const totalBytes = sizeOf(files);
  onProgress?.({ bytes: Math.floor(totalBytes / 2), totalBytes });
  onProgress?.({ bytes: totalBytes, totalBytes });
}
