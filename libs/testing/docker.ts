import Docker from 'dockerode';
import { testEngine } from './environment.js';

/** As in DOCKER_HOST. */
export function testDockerHost(): string {
  return testEngine('DOCKER_HOST');
}

/** A plain client of the Engine that the tests may use, to look at what Berth did, or to act behind its back. */
export function testDocker(host = testDockerHost()): Docker {
  if (host.startsWith('unix://')) return new Docker({ socketPath: host.slice('unix://'.length) });
  const url = new URL(host);
  return new Docker({ protocol: 'http', host: url.hostname, port: url.port });
}

/** What a snapshot is made of carries this label. */
const SNAPSHOT = 'berth.kind=snapshot';

/** Names or ids of what carries Berth's label. */
export interface ManagedObjects {
  containers: string[];
  volumes: string[];
  networks: string[];
  images: string[];
}

/** What Berth holds on the Engine, narrowed to a bot or a tenant by further labels such as `berth.bot=alice`. */
export async function managedObjects(docker: Docker, labels: string[] = []): Promise<ManagedObjects> {
  const filters = { label: ['berth.managed', ...labels] };
  const [containers, { Volumes }, networks, images, captured] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listVolumes({ filters }),
    docker.listNetworks({ filters }),
    docker.listImages({ filters }),
    docker.listImages({ filters: { label: [SNAPSHOT, ...labels] } }),
  ]);
  return {
    containers: containers.map(({ Names, Id }) => Names[0]?.slice(1) ?? Id),
    volumes: Volumes.map(({ Name }) => Name),
    networks: networks.map(({ Name }) => Name),
    images: [...new Set([...images, ...captured].flatMap(namesOf))],
  };
}

/** Removes containers, volumes and images with Berth's label and all of the given ones; the shared network stays. */
export async function removeManaged(docker: Docker, labels: [string, ...string[]]): Promise<void> {
  const found = await managedObjects(docker, labels);
  for (const name of found.containers)
    await docker.getContainer(name).remove({ force: true, v: true }).catch(goneOrUsed);
  for (const name of found.volumes) await docker.getVolume(name).remove().catch(goneOrUsed);
  for (const name of found.images) await docker.getImage(name).remove({ force: true }).catch(goneOrUsed);
}

/** Removes the images of these snapshots, whatever their names are by now, once no container is made of them any more. */
export async function removeSnapshotImages(docker: Docker, ids: string[]): Promise<void> {
  const images = await docker.listImages({ filters: { label: [SNAPSHOT] } });
  const own = images.filter(({ Labels }) => ids.includes(Labels['berth.snapshot'] ?? ''));
  // One that others were made of loses its name, and goes with the last of them.
  for (const name of own.flatMap(namesOf)) await docker.getImage(name).remove({ force: true }).catch(goneOrUsed);
}

/** Its id where it has none. */
function namesOf({ Id, RepoTags }: Docker.ImageInfo): string[] {
  const names = (RepoTags ?? []).filter((name) => name !== '<none>:<none>');
  return names.length > 0 ? names : [Id];
}

function goneOrUsed(error: { statusCode?: number }): void {
  if (error.statusCode !== 404 && error.statusCode !== 409) throw error as Error;
}
