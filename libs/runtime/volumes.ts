import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { ContainerSpec, VolumeMount } from './port.js';

/**
 * The volumes of a container: those of its spec, and one for each path that its image declares as a VOLUME. The engine
 * would mount an anonymous one there, which no snapshot holds and which is gone with the container.
 */
export function volumesOf(
  spec: Pick<ContainerSpec, 'name' | 'volumes'>,
  declaredPaths: readonly string[],
): VolumeMount[] {
  const taken = new Set(spec.volumes.map(({ target }) => plainPath(target)));
  // Of the first volume, since the container's own name changes with every incarnation.
  const stem = spec.volumes[0]?.name ?? spec.name;
  const declared = [...new Set(declaredPaths.map(plainPath))]
    .filter((path) => path !== '/' && !taken.has(path))
    .sort()
    .map((target) => ({ name: `${stem}-${shortHash(target)}`, target }));
  return [...spec.volumes, ...declared];
}

/** Absolute, without `.`, `..` and a slash at the end. */
export function plainPath(path: string): string {
  return posix.resolve('/', path);
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
