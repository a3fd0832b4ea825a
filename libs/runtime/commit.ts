import type { ContainerInspectInfo, ImageInspectInfo } from 'dockerode';
import { IDLE_COMMAND } from './container-config.js';
import { DEADLINE_MS } from './deadline.js';
import type { EngineConnection } from './engine-connection.js';
import { RuntimeFailure } from './failure.js';
import type { ImageOptions, StoredImage } from './image-port.js';
import { inspectImage, PART_LABEL, type ImageStore } from './image-store.js';
import { requireContainer } from './inspect.js';
import { Making } from './making.js';

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
        _body: committedConfig(container, image, labels),
        abortSignal,
      }) as Promise<{ Id: string }>,
    ({ Id }) => store.discard(Id),
  );
  try {
    const { Id } = await engine.call('commit', { deadlineMs: DEADLINE_MS.image, signal }, () => making.made);
    return await store.publish(Id, ref);
  } catch (error) {
    making.abandon();
    throw error;
  }
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
