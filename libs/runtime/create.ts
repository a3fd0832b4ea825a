import type { ContainerInspectInfo, ImageInspectInfo } from 'dockerode';
import { buildContainerConfig, hasOwnCommand } from './container-config.js';
import { DEADLINE_MS, pause } from './deadline.js';
import type { EngineConnection } from './engine-connection.js';
import type { EnvironmentFiles } from './environment-file.js';
import { RuntimeFailure } from './failure.js';
import { engineStatus, isTransportError } from './failures.js';
import { inspectContainer } from './inspect.js';
import { isSameIncarnation, isVolumeOf, readIdentity, volumeLabels } from './labels.js';
import type { ContainerSpec, VolumeMount } from './port.js';

/** How long a name may be held by a container on its way out. */
const NAME_WAIT_MS = 60_000;
const NAME_POLL_MS = 50;

export interface CreateContext {
  engine: EngineConnection;
  environmentFiles: EnvironmentFiles;
  networkName: string;
}

/** Creates the container and its volumes, or adopts the one that an earlier try has made. */
export async function createContainer(
  { engine, environmentFiles, networkName }: CreateContext,
  spec: ContainerSpec,
  signal: AbortSignal,
): Promise<ContainerInspectInfo> {
  for (const volume of spec.volumes) await ensureVolume(engine, spec, volume, signal);
  const environmentFile = await writeEnvironment(engine, environmentFiles, spec, signal);
  const config = buildContainerConfig(spec, { networkName, environmentFile });
  const deadline = Date.now() + NAME_WAIT_MS;
  for (;;) {
    try {
      const created = await engine.call('create', { deadlineMs: DEADLINE_MS.create, signal }, (abortSignal) =>
        // The name travels in the query, everything else in the body.
        engine.docker.createContainer({ _query: { name: spec.name }, _body: config, abortSignal } as object),
      );
      const info = await inspectContainer(engine, created.id, signal);
      if (info) return info;
      throw new RuntimeFailure('docker_error', 'The container vanished as it was created.', { retryable: true });
    } catch (error) {
      const nameTaken = engineStatus(error) === 409;
      if (!nameTaken && !isTransportError(error)) throw error;
      const holder = await inspectContainer(engine, spec.name, signal);
      if (holder && !isLeaving(holder)) return adopt(holder, spec, error);
      // Nothing was made, and a lost POST is never repeated blindly: the whole operation is tried again.
      if (!nameTaken || Date.now() > deadline) throw error;
      await pause(NAME_POLL_MS, signal);
    }
  }
}

function isLeaving(info: ContainerInspectInfo): boolean {
  return info.State.Status === 'removing';
}

function adopt(holder: ContainerInspectInfo, spec: ContainerSpec, cause: unknown): ContainerInspectInfo {
  if (isSameIncarnation(readIdentity(holder.Config.Labels), spec.identity)) return holder;
  throw new RuntimeFailure('name_conflict', 'The name belongs to a container of somebody else.', {
    retryable: false,
    cause,
  });
}

async function ensureVolume(
  engine: EngineConnection,
  spec: ContainerSpec,
  volume: VolumeMount,
  signal: AbortSignal,
): Promise<void> {
  const options = { deadlineMs: DEADLINE_MS.volume, signal };
  const existing = await engine.call('volume', options, async (abortSignal) => {
    const body = { Name: volume.name, Driver: 'local', Labels: volumeLabels(spec.identity) };
    // Answers with the existing volume of that name, whoever made it.
    await engine.docker.createVolume({ _query: {}, _body: body, abortSignal } as object);
    return engine.docker.getVolume(volume.name).inspect({ abortSignal });
  });
  if (isVolumeOf(existing.Labels, spec.identity)) return;
  throw new RuntimeFailure('name_conflict', 'The name of the volume belongs to somebody else.', { retryable: false });
}

async function writeEnvironment(
  engine: EngineConnection,
  files: EnvironmentFiles,
  spec: ContainerSpec,
  signal: AbortSignal,
): Promise<string | null> {
  if (!hasOwnCommand(spec) || Object.keys(spec.env).length === 0) return null;
  const readableByAll = !(await runsAsHostRoot(engine, spec.image, signal));
  return files.write(spec.name, spec.env, readableByAll);
}

/** Whether the container's user is the host's root. Under a remapped user namespace it is not, and no capability helps. */
async function runsAsHostRoot(engine: EngineConnection, image: string, signal: AbortSignal): Promise<boolean> {
  const options = { deadlineMs: DEADLINE_MS.inspect, signal };
  const found = (await engine.call('inspect image', options, (abortSignal) =>
    engine.getJson(`/images/${image}/json`, abortSignal),
  )) as ImageInspectInfo;
  const user = found.Config.User?.split(':')[0] ?? '';
  if (!['', '0', 'root'].includes(user)) return false;
  const info = (await engine.call('info', options, (abortSignal) => engine.getJson('/info', abortSignal))) as {
    SecurityOptions?: string[] | null;
  };
  return !(info.SecurityOptions ?? []).some((option) => /name=(userns|rootless)/.test(option));
}
