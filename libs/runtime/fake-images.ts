import { createHash } from 'node:crypto';
import { sizeOf, type FakeFiles } from './fake-files.js';
import type { ListedImage, StoredImage } from './image-port.js';

export interface FakeImage {
  id: string;
  labels: Record<string, string>;
  layers: number;
  createdAt: string;
  files: FakeFiles;
  /** Paths that it declares as a VOLUME. */
  volumes: string[];
  /** Whether it holds a volume rather than a root filesystem. */
  archive: boolean;
}

type FakeImageParts = Partial<Omit<FakeImage, 'id' | 'createdAt'>>;

/** The fake engine's images and their names. One without a name lives as long as a container was made of it. */
export class FakeImages {
  private readonly names = new Map<string, FakeImage>();
  private readonly nameless = new Set<FakeImage>();
  private serial = 0;

  constructor(private readonly isUsed: (image: FakeImage) => boolean) {}

  /** An image that is simply there. The id of a plain one follows from its name. */
  add(ref: string, parts?: FakeImageParts): FakeImage {
    const image = newImage(parts ? this.nextId() : imageId(ref), parts);
    this.names.set(ref, image);
    return image;
  }

  /** Gives a new image the name, and takes it from the one that had it. */
  make(ref: string, parts: FakeImageParts): StoredImage {
    this.remove(ref);
    return stored(this.add(ref, parts));
  }

  has(ref: string): boolean {
    return this.find(ref) !== null;
  }

  find(ref: string): FakeImage | null {
    return this.names.get(ref) ?? [...this.names.values(), ...this.nameless].find(({ id }) => id === ref) ?? null;
  }

  findStored(ref: string): StoredImage | null {
    const image = this.find(ref);
    return image && stored(image);
  }

  remove(ref: string): void {
    const image = this.names.get(ref);
    if (!image) return;
    this.names.delete(ref);
    if (![...this.names.values()].includes(image)) this.nameless.add(image);
    this.collect();
  }

  /** Forgets what has no name and no container. */
  collect(): void {
    for (const image of this.nameless) if (!this.isUsed(image)) this.nameless.delete(image);
  }

  /** By name: one that lost its name is only somebody's container's. */
  list(label: string): ListedImage[] {
    return [...this.names]
      .filter(([, { labels }]) => carries(labels, label))
      .map(([ref, { labels, createdAt }]) => ({ ref, labels: { ...labels }, createdAt }));
  }

  clear(): void {
    this.names.clear();
    this.nameless.clear();
  }

  /** Images held, with a name or without. */
  get size(): number {
    return new Set([...this.names.values(), ...this.nameless]).size;
  }

  private nextId(): string {
    this.serial += 1;
    return imageId(`made#${this.serial}`);
  }
}

/** `label` is `key=value`. */
export function carries(labels: Record<string, string>, label: string): boolean {
  return Object.entries(labels).some(([key, value]) => `${key}=${value}` === label);
}

function newImage(id: string, parts: FakeImageParts = {}): FakeImage {
  return {
    labels: {},
    layers: 1,
    files: new Map(),
    volumes: [],
    archive: false,
    ...parts,
    id,
    createdAt: new Date().toISOString(),
  };
}

function stored(image: FakeImage): StoredImage {
  return { id: image.id, sizeBytes: sizeOf(image.files), layers: image.layers };
}

function imageId(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
