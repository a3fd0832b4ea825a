import { DEADLINE_MS } from './deadline.js';
import type { EngineConnection } from './engine-connection.js';
import { RuntimeFailure } from './failure.js';
import { engineStatus } from './failures.js';
import type { Helpers } from './helpers.js';
import type { VolumeOwner } from './identity.js';
import type { ListedVolume } from './image-port.js';
import { isVolumeOf, MANAGED_FILTER, readOwner, volumeLabels } from './labels.js';

/** Makes the volume unless it is there. `name_conflict` where it is somebody else's. */
export async function ensureVolume(
  engine: EngineConnection,
  name: string,
  owner: VolumeOwner,
  signal: AbortSignal,
): Promise<void> {
  const options = { deadlineMs: DEADLINE_MS.volume, signal };
  const existing = await engine.call('volume', options, async (abortSignal) => {
    const body = { Name: name, Driver: 'local', Labels: volumeLabels(owner) };
    // Answers with the existing volume of that name, whoever made it.
    await engine.docker.createVolume({ _query: {}, _body: body, abortSignal } as object);
    return engine.docker.getVolume(name).inspect({ abortSignal });
  });
  if (isVolumeOf(existing.Labels, owner)) return;
  throw new RuntimeFailure('name_conflict', 'The name of the volume belongs to somebody else.', { retryable: false });
}

export async function removeVolume(
  engine: EngineConnection,
  helpers: Pick<Helpers, 'letGo'>,
  name: string,
  owner: VolumeOwner,
  signal: AbortSignal,
): Promise<void> {
  const remove = (): Promise<void> =>
    engine.call('volume', { deadlineMs: DEADLINE_MS.volume, signal }, async (abortSignal) => {
      const volume = engine.docker.getVolume(name);
      const { Labels } = await volume.inspect({ abortSignal });
      if (isVolumeOf(Labels, owner)) await volume.remove({ abortSignal });
    });
  try {
    await remove().catch(async (error: unknown) => {
      // A worker that was killed while it read or filled the volume has left what held it for that.
      if (engineStatus(error) !== 409 || !(await helpers.letGo(name, signal))) throw error;
      await remove();
    });
  } catch (error) {
    if (engineStatus(error) !== 404) throw error;
  }
}

export async function listVolumes(
  engine: EngineConnection,
  owner: VolumeOwner,
  signal: AbortSignal,
): Promise<string[]> {
  const label = Object.entries(volumeLabels(owner)).map(([name, value]) => `${name}=${value}`);
  const { Volumes } = await engine.call('list volumes', { deadlineMs: DEADLINE_MS.list, signal }, (abortSignal) =>
    engine.docker.listVolumes({ filters: { label }, abortSignal }),
  );
  return Volumes.map(({ Name }) => Name).sort();
}

/** Volumes of all bots. */
export async function listAllVolumes(engine: EngineConnection, signal: AbortSignal): Promise<ListedVolume[]> {
  const filters = { label: [MANAGED_FILTER] };
  const { Volumes } = await engine.call('list volumes', { deadlineMs: DEADLINE_MS.list, signal }, (abortSignal) =>
    engine.docker.listVolumes({ filters, abortSignal }),
  );
  return Volumes.flatMap((volume) => {
    const owner = readOwner(volume.Labels);
    // The engine tells it, though its client's types do not.
    const { CreatedAt } = volume as { CreatedAt?: string };
    return owner && CreatedAt !== undefined ? [{ name: volume.Name, owner, createdAt: CreatedAt }] : [];
  });
}
