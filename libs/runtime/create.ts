import type { ContainerCreateOptions, ContainerInspectInfo, ImageInspectInfo } from 'dockerode';
import { buildContainerConfig, hasOwnCommand, IDLE_COMMAND } from './container-config.js';
import { DEADLINE_MS, pause } from './deadline.js';
import type { EngineConnection } from './engine-connection.js';
import type { EnvironmentFiles } from './environment-file.js';
import { RuntimeFailure } from './failure.js';
import { engineStatus, isTransportError, toFailure } from './failures.js';
import { inspectImage } from './image-store.js';
import { inspectContainer } from './inspect.js';
import { isSameIncarnation, readIdentity } from './labels.js';
import type { ContainerSpec } from './port.js';
import { ensureVolume } from './volume-store.js';
import { volumesOf } from './volumes.js';

/** How long a name may be held by a container on its way out. */
const NAME_WAIT_MS = 60_000;
const NAME_POLL_MS = 50;
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface CreateContext {
  engine: EngineConnection;
  environmentFiles: EnvironmentFiles;
  networkName: string;
  /** Ids of images that are known to have what keeps a container up. */
  idlers: Set<string>;
}

/** Creates the container and its volumes, or adopts the one that an earlier try has made. */
export async function createContainer(
  { engine, environmentFiles, networkName, idlers }: CreateContext,
  given: ContainerSpec,
  signal: AbortSignal,
): Promise<ContainerInspectInfo> {
  const image = await inspectImage(engine, given.image, signal);
  if (!image) throw new RuntimeFailure('image_not_found', 'The image is not on the node.', { retryable: true });
  const spec = { ...given, volumes: volumesOf(given, Object.keys(image.Config.Volumes ?? {})) };
  for (const { name } of spec.volumes) await ensureVolume(engine, name, spec.identity, signal);
  const environmentFile = await writeEnvironment(engine, environmentFiles, spec, image, signal);
  const config = buildContainerConfig(spec, { networkName, environmentFile });
  const info = await createOrAdopt(engine, spec, config, signal);
  // One that is adopted from another operation may be of another image, and is its caller's to judge.
  const isOwn = readIdentity(info.Config.Labels)?.operationId === spec.identity.operationId;
  const obstacle = isOwn ? await findObstacle(engine, info.Id, { image, spec, environmentFile, idlers }, signal) : null;
  if (obstacle === null) return info;
  // Its start would fail as if the caller's command were missing, or be tried again by the engine for ever.
  await engine.call('remove', { deadlineMs: DEADLINE_MS.remove, signal }, (abortSignal) =>
    engine.docker.getContainer(info.Id).remove({ v: true, force: true, abortSignal }),
  );
  await environmentFiles.remove(spec.name);
  throw new RuntimeFailure('start_failed', obstacle, { retryable: false, exitCode: 127 });
}

/** Why a container could never come up; null where nothing is known to be in its way. */
async function findObstacle(
  engine: EngineConnection,
  id: string,
  made: { image: ImageInspectInfo; spec: ContainerSpec; environmentFile: string | null; idlers: Set<string> },
  signal: AbortSignal,
): Promise<string | null> {
  const { image, spec, environmentFile, idlers } = made;
  if (environmentFile !== null && (await lacks(engine, id, ['/bin/sh'], signal))) {
    return 'The image has no /bin/sh, which env needs to reach a command: leave env out, or use an image with a shell.';
  }
  if (hasOwnCommand(spec) || idlers.has(image.Id)) return null;
  const places = (image.Config.Env ?? []).find((each) => each.startsWith('PATH='))?.slice(5) ?? DEFAULT_PATH;
  const paths = places.split(':').map((place) => `${place}/${IDLE_COMMAND[0]}`);
  if (await lacks(engine, id, paths.reverse(), signal)) {
    return `The image has no ${IDLE_COMMAND[0]}, which keeps a container up: give it a command, or use another image.`;
  }
  idlers.add(image.Id);
  return null;
}

async function createOrAdopt(
  engine: EngineConnection,
  spec: ContainerSpec,
  config: ContainerCreateOptions,
  signal: AbortSignal,
): Promise<ContainerInspectInfo> {
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

/** Whether the container surely has nothing at any of these paths; where that cannot be told, its start will tell. */
async function lacks(engine: EngineConnection, id: string, paths: string[], signal: AbortSignal): Promise<boolean> {
  for (const path of paths) {
    try {
      await engine.call('stat', { deadlineMs: DEADLINE_MS.inspect, signal }, (abortSignal) =>
        engine.docker.getContainer(id).infoArchive({ path, abortSignal }),
      );
      return false;
    } catch (error) {
      if (toFailure(error).code === 'aborted') throw error;
      if (engineStatus(error) !== 404) return false;
    }
  }
  return (await inspectContainer(engine, id, signal)) !== null;
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

async function writeEnvironment(
  engine: EngineConnection,
  files: EnvironmentFiles,
  spec: ContainerSpec,
  image: ImageInspectInfo,
  signal: AbortSignal,
): Promise<string | null> {
  if (!hasOwnCommand(spec) || Object.keys(spec.env).length === 0) return null;
  const readableByAll = !(await runsAsHostRoot(engine, image, signal));
  return files.write(spec.name, spec.env, readableByAll);
}

/** Whether the container's user is the host's root. Under a remapped user namespace it is not, and no capability helps. */
async function runsAsHostRoot(
  engine: EngineConnection,
  image: ImageInspectInfo,
  signal: AbortSignal,
): Promise<boolean> {
  const user = image.Config.User?.split(':')[0] ?? '';
  if (!['', '0', 'root'].includes(user)) return false;
  const options = { deadlineMs: DEADLINE_MS.inspect, signal };
  const info = (await engine.call('info', options, (abortSignal) => engine.getJson('/info', abortSignal))) as {
    SecurityOptions?: string[] | null;
  };
  return !(info.SecurityOptions ?? []).some((option) => /name=(userns|rootless)/.test(option));
}
