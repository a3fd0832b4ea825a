import type { ImageInfo, ImageInspectInfo } from 'dockerode';
import { DEADLINE_MS } from './deadline.js';
import type { EngineConnection } from './engine-connection.js';
import { OWNER_LABEL } from './engine-owner.js';
import { RuntimeFailure } from './failure.js';
import { engineStatus } from './failures.js';
import type { ListedImage, StoredImage } from './image-port.js';

/**
 * On every image made here, with the time of its making. One without a name is unfinished, or was replaced, or has
 * lost its name: nothing but a container that was made of it may need it.
 */
export const PART_LABEL = 'berth.part';
/** Gives a name to images that have lost theirs while a container needs them: the engine refuses to take the last one. */
const KEPT = 'berth/kept';

/** The engine's own answer, or null where it holds none of that name or id. */
export async function inspectImage(
  engine: EngineConnection,
  ref: string,
  signal?: AbortSignal,
): Promise<ImageInspectInfo | null> {
  try {
    return (await engine.call('inspect image', { deadlineMs: DEADLINE_MS.inspect, signal }, (abortSignal) =>
      engine.getJson(`/images/${encodeURI(ref)}/json`, abortSignal),
    )) as ImageInspectInfo;
  } catch (error) {
    const status = engineStatus(error);
    // 400: not a reference at all.
    if (status === 404 || status === 400) return null;
    throw error;
  }
}

export function toStoredImage(info: ImageInspectInfo): StoredImage {
  return { id: info.Id, sizeBytes: info.Size, layers: info.RootFS.Layers?.length ?? 0 };
}

/** The names and lives of images. */
export class ImageStore {
  constructor(
    private readonly engine: EngineConnection,
    readonly owner: string,
  ) {}

  /** Gives the image its name, takes that from the one that had it, and removes that one where nothing needs it. */
  async publish(id: string, ref: string): Promise<StoredImage> {
    const [made, before] = await Promise.all([inspectImage(this.engine, id), inspectImage(this.engine, ref)]);
    if (!made) throw new RuntimeFailure('docker_error', 'The image vanished as it was made.', { retryable: true });
    await this.tag(id, ref);
    if (before && before.Id !== id && before.RepoTags.length <= 1) await this.discard(before.Id);
    return toStoredImage(made);
  }

  async removeName(ref: string, signal: AbortSignal): Promise<void> {
    if (await this.delete(ref, signal)) return;
    // A container was made of it, and this is its only name.
    const info = await inspectImage(this.engine, ref, signal);
    if (!info || isKept(ref) || !info.RepoTags.includes(ref)) return;
    await this.tag(info.Id, keptName(info.Id));
    await this.delete(ref, signal);
  }

  /** Removes what has lost its name, where no other container was made of it. Failing is for the sweep to mend. */
  async forgetKept(id: string): Promise<void> {
    await this.delete(keptName(id)).catch(() => undefined);
  }

  /** Removes a nameless image; one that a container or another image needs stays. Failing is for the sweep, too. */
  async discard(id: string): Promise<void> {
    await this.delete(id).catch(() => undefined);
  }

  async list(label: string, signal: AbortSignal): Promise<ListedImage[]> {
    const images = await this.query({ label: [label, `${OWNER_LABEL}=${this.owner}`] }, signal);
    return images.flatMap((image) => {
      const names = namesOf(image);
      const shown = names.length === 0 ? [image.Id] : names.filter((name) => !isKept(name));
      return shown.map((ref) => ({ ref, ...describe(image) }));
    });
  }

  /** Removes this node's nameless images made before that moment, and the kept ones that nothing needs any more. Returns how many. */
  async sweep(before: number, signal: AbortSignal): Promise<number> {
    const [nameless, kept] = await Promise.all([
      this.query({ dangling: ['true'], label: [PART_LABEL, `${OWNER_LABEL}=${this.owner}`] }, signal),
      this.query({ reference: [KEPT] }, signal),
    ]);
    const old = nameless.filter(({ Labels }) => Date.parse(Labels[PART_LABEL] ?? '') <= before).map(({ Id }) => Id);
    let removed = 0;
    for (const ref of [...old, ...kept.flatMap(namesOf).filter(isKept)]) {
      if (await this.delete(ref, signal)) removed += 1;
    }
    return removed;
  }

  private query(filters: Record<string, string[]>, signal: AbortSignal): Promise<ImageInfo[]> {
    return this.engine.call('list images', { deadlineMs: DEADLINE_MS.list, signal }, (abortSignal) =>
      this.engine.docker.listImages({ _query: { filters: JSON.stringify(filters) }, abortSignal } as object),
    );
  }

  private async tag(id: string, ref: string): Promise<void> {
    const colon = ref.lastIndexOf(':');
    const query = { repo: ref.slice(0, colon), tag: ref.slice(colon + 1) };
    // The caller may give up before or after, not in between.
    await this.engine.call('tag', { deadlineMs: DEADLINE_MS.volume }, (abortSignal) =>
      this.engine.docker.getImage(id).tag({ ...query, abortSignal }),
    );
  }

  /** False where the image is needed. */
  private async delete(ref: string, signal?: AbortSignal): Promise<boolean> {
    try {
      await this.engine.call('remove image', { deadlineMs: DEADLINE_MS.remove, signal }, (abortSignal) =>
        this.engine.docker.getImage(ref).remove({ abortSignal }),
      );
    } catch (error) {
      if (engineStatus(error) === 409) return false;
      if (engineStatus(error) !== 404) throw error;
    }
    return true;
  }
}

function keptName(id: string): string {
  return `${KEPT}:${id.replace('sha256:', '')}`;
}

function isKept(ref: string): boolean {
  return ref.startsWith(`${KEPT}:`);
}

function namesOf(image: ImageInfo): string[] {
  return (image.RepoTags ?? []).filter((name) => name !== '<none>:<none>');
}

function describe(image: ImageInfo): Omit<ListedImage, 'ref'> {
  return { labels: { ...image.Labels }, createdAt: new Date(image.Created * 1000).toISOString() };
}
