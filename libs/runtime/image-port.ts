import type { VolumeOwner } from './identity.js';

export interface StoredImage {
  /** `sha256:...` */
  id: string;
  /** Of all its layers, unpacked, whether or not other images share them. */
  sizeBytes: number;
  /** A commit adds one, unless nothing changed. */
  layers: number;
}

export interface ByteProgress {
  bytes: number;
  /** Null where it is not known beforehand. */
  totalBytes: number | null;
}

export interface ImageOptions {
  /** For the image that is made, and for a helper container on the way. */
  labels: Record<string, string>;
  signal: AbortSignal;
}

export interface TransferOptions {
  signal: AbortSignal;
  /** Called some four times a second at most, and once at the end. */
  onProgress?: ((progress: ByteProgress) => void) | undefined;
}

/**
 * What snapshots are made of: images that the engine stores. Those that `commit`, `archive` and `flatten` make have
 * their name from the moment they are whole; where one of them fails or is aborted, `ref` is what it was before.
 */
export interface SnapshotImages {
  /**
   * Commits the root filesystem as it stands to the image `ref`, which it replaces, with the settings of the image the
   * container was made of. The caller freezes. What `create` set (env, command, identity) is not in it, nor are
   * volumes. `docker_error`, for good, beyond the engine's depth of layers.
   */
  commit(containerId: string, ref: string, options: ImageOptions): Promise<StoredImage>;

  /**
   * Streams the volume mounted at `path` into the image `ref`, which it replaces. The container may be in any state,
   * is not locked meanwhile, and the caller freezes. May run beside a `commit`. `disk_full`.
   */
  archive(
    containerId: string,
    path: string,
    ref: string,
    options: ImageOptions & TransferOptions,
  ): Promise<StoredImage>;

  /**
   * Unpacks an image made by `archive` into the volume at `path` of a container that never ran and was created with
   * `emptyVolumes`. The volume must be new: what is in it stays, beneath what comes. Where this fails it is half filled;
   * the same call once more makes it whole. Contents, modes, owners, times to the second, links, hard links and empty
   * directories come back; sockets do not, and holes are filled. `disk_full`.
   */
  unarchive(ref: string, containerId: string, path: string, options: TransferOptions): Promise<void>;

  /** Makes the image `ref` (replaced) of one layer, with the files and settings of `source`. `image_not_found`, `disk_full`. */
  flatten(source: string, ref: string, options: ImageOptions & TransferOptions): Promise<StoredImage>;

  /** Null where the engine holds none of that name or id. */
  findImage(ref: string, signal: AbortSignal): Promise<StoredImage | null>;

  /**
   * Removes the name, and what nothing else shares. Gone is a success. What a container was made of stays until that
   * container is removed. `ref` may be a helper's from `listImages`, too.
   */
  removeImage(ref: string, signal: AbortSignal): Promise<void>;

  /**
   * All images that this node has made with the label `key=value`, by each of their names or, where they have none, by id; and helper
   * containers at work or left by a killed worker, by id.
   */
  listImages(label: string, signal: AbortSignal): Promise<ListedImage[]>;

  /** Names of the volumes made for this bot. */
  listVolumes(owner: VolumeOwner, signal: AbortSignal): Promise<string[]>;

  /** Every volume made for a bot. */
  listAllVolumes(signal: AbortSignal): Promise<ListedVolume[]>;

  /** Removes what calls of a killed worker left: helper containers and half-made images of this age. Returns how many. */
  sweepHelpers(olderThanMs: number, signal: AbortSignal): Promise<number>;
}

export interface ListedVolume {
  name: string;
  owner: VolumeOwner;
  /** RFC 3339. */
  createdAt: string;
}

export interface ListedImage {
  ref: string;
  labels: Record<string, string>;
  /** RFC 3339. */
  createdAt: string;
}
