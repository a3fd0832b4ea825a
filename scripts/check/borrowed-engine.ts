import { testDocker } from '#testing';

/**
 * Remembers what the Engine, which is somebody's, holds now. Returns how to give it back: what the runs make once and
 * share, their small images and the node's network, goes unless it was there before.
 */
export async function borrowEngine(host: string): Promise<() => Promise<void>> {
  const docker = testDocker(host);
  const shared = async (): Promise<{ images: string[]; networks: string[] }> => {
    const [images, networks] = await Promise.all([
      docker.listImages(),
      docker.listNetworks({ filters: { label: ['berth.managed'] } }),
    ]);
    return {
      images: images.flatMap(({ RepoTags }) => RepoTags ?? []).filter((tag) => tag.startsWith('berth-test/')),
      networks: networks.map(({ Id }) => Id),
    };
  };
  const before = await shared();
  return async () => {
    const after = await shared();
    for (const tag of after.images.filter((name) => !before.images.includes(name))) {
      await docker.getImage(tag).remove({ force: false }).catch(inUse);
    }
    for (const id of after.networks.filter((network) => !before.networks.includes(network))) {
      // Refused where a container is attached: then somebody else has come to use it.
      await docker
        .getNetwork(id)
        .remove()
        .catch(() => undefined);
    }
  };
}

/** The Engine refuses to remove what a container uses: then somebody else has come to use it. */
function inUse(error: { statusCode?: number }): void {
  if (![403, 404, 409].includes(error.statusCode ?? 0)) throw error as Error;
}
