import type { ContainerInspectInfo, ImageInspectInfo } from 'dockerode';
import { IDLE_COMMAND } from './container-config.js';
import { DEADLINE_MS } from './deadline.js';
import type { EngineConnection } from './engine-connection.js';
import { OWNER_LABEL } from './engine-owner.js';
import { RuntimeFailure } from './failure.js';
import type { ImageOptions, StoredImage } from './image-port.js';
import { inspectImage, PART_LABEL, type ImageStore } from './image-store.js';
import { requireContainer } from './inspect.js';
import { Making } from './making.js';

/** Of a change, in the engine's words. */
const DELETED = 2;

/** Makes an image of a container's root filesystem. */
export async function commitContainer(
  engine: EngineConnection,
  store: ImageStore,
  containerId: string,
  ref: string,
  { labels, signal }: ImageOptions,
): Promise<StoredImage> {
  const container = await requireContainer(engine, containerId, signal);
  const image = await inspectImage(engine, container.Image, signal);
  if (!image) throw new RuntimeFailure('image_not_found', 'Its image is gone.', { retryable: false });
  const making = new Making(
    (abortSignal) =>
      engine.docker.getContainer(container.Id).commit({
        _query: { container: container.Id, pause: false },
        _body: committedConfig(container, image, { ...labels, [OWNER_LABEL]: store.owner }),
        abortSignal,
      }) as Promise<{ Id: string }>,
    ({ Id }) => store.discard(Id),
  );
  try {
    const [{ Id }] = await Promise.all([
      engine.call('commit', { deadlineMs: DEADLINE_MS.image, signal }, () => making.made),
      refuseWhiteouts(engine, container.Id, signal),
    ]);
    return await store.publish(Id, ref);
  } catch (error) {
    making.abandon();
    throw error;
  }
}

/**
 * A file named so stands for the deletion of another one in every image: the engine would store it as it is and, when
 * a container is made of that, delete. Only what has changed since the container's own image can hold one.
 */
async function refuseWhiteouts(engine: EngineConnection, id: string, signal: AbortSignal): Promise<void> {
  const changes = (await engine.call('changes', { deadlineMs: DEADLINE_MS.image, signal }, (abortSignal) =>
    engine.getJson(`/containers/${id}/changes`, abortSignal),
  )) as { Path: string; Kind: number }[] | null;
  const found = changes?.find(({ Path, Kind }) => Kind !== DELETED && /\/\.wh\.[^/]*$/.test(Path));
  if (!found) return;
  throw new RuntimeFailure(
    'docker_error',
    `The file ${found.Path} cannot be captured: names that begin with ".wh." stand for deletions in images. Rename it.`,
    { retryable: false },
  );
}

/**
 * The settings of the container's image: the engine adds to what it is given whatever the container has and this lacks.
 * So nothing that `create` set may be missing here, and labels of its own are blank, since none can be taken away.
 */
export function committedConfig(
  container: Pick<ContainerInspectInfo, 'Config'>,
  image: Pick<ImageInspectInfo, 'Config'>,
  labels: Record<string, string>,
): object {
  const { Entrypoint, Cmd, Labels } = image.Config;
  const isBare = !Entrypoint?.length && !Cmd?.length;
  const own = Object.keys({ ...container.Config.Labels, ...Labels }).filter((name) => name.startsWith('berth.'));
  return {
    ...image.Config,
    Entrypoint: Entrypoint ?? [],
    Cmd: isBare ? IDLE_COMMAND : Cmd,
    Labels: {
      ...Labels,
      ...Object.fromEntries(own.map((name) => [name, ''])),
      ...labels,
      [PART_LABEL]: new Date().toISOString(),
    },
  };
}
