import type { ContainerInfo, ContainerInspectInfo } from 'dockerode';
import { isIdle } from './container-config.js';
import { DEADLINE_MS } from './deadline.js';
import type { EngineConnection } from './engine-connection.js';
import { RuntimeFailure } from './failure.js';
import { engineStatus } from './failures.js';
import { resourcesOf } from './host-config.js';
import { MANAGED_FILTER, readIdentity } from './labels.js';
import type { EngineState, RuntimeContainer, RuntimeContainerSummary } from './port.js';

/** What the engine says where something never happened. */
const NEVER = '0001-01-01T00:00:00Z';
const ENGINE_STATES: ReadonlySet<string> = new Set<EngineState>([
  'created',
  'running',
  'paused',
  'restarting',
  'removing',
  'exited',
  'dead',
]);

/** The engine's own answer, or null where there is no such container. */
export async function inspectContainer(
  engine: EngineConnection,
  ref: string,
  signal?: AbortSignal,
): Promise<ContainerInspectInfo | null> {
  try {
    return await engine.call('inspect', { deadlineMs: DEADLINE_MS.inspect, signal }, (abortSignal) =>
      engine.docker.getContainer(ref).inspect({ abortSignal }),
    );
  } catch (error) {
    if (engineStatus(error) === 404) return null;
    throw error;
  }
}

export async function requireContainer(
  engine: EngineConnection,
  ref: string,
  signal: AbortSignal,
): Promise<ContainerInspectInfo> {
  const info = await inspectContainer(engine, ref, signal);
  if (info) return info;
  throw new RuntimeFailure('container_not_found', 'The container does not exist.', { retryable: false });
}

export async function listContainers(
  engine: EngineConnection,
  signal?: AbortSignal,
): Promise<RuntimeContainerSummary[]> {
  const found = await engine.call('list', { deadlineMs: DEADLINE_MS.list, signal }, (abortSignal) =>
    engine.docker.listContainers({ all: true, filters: { label: [MANAGED_FILTER] }, abortSignal }),
  );
  return found.map((container: ContainerInfo) => ({
    id: container.Id,
    name: plainName(container.Names[0] ?? ''),
    identity: readIdentity(container.Labels),
    engineState: toEngineState(container.State),
  }));
}

export function toRuntimeContainer(info: ContainerInspectInfo): RuntimeContainer {
  const ended = timeOrNull(info.State.FinishedAt);
  return {
    id: info.Id,
    name: plainName(info.Name),
    identity: readIdentity(info.Config.Labels),
    engineState: toEngineState(info.State.Status),
    image: { ref: info.Config.Image, id: info.Image },
    resources: resourcesOf(info.HostConfig),
    idle: isIdle(info.Config.Entrypoint),
    exitCode: ended === null || isUp(info) ? null : info.State.ExitCode,
    oomKilled: info.State.OOMKilled,
    startedAt: timeOrNull(info.State.StartedAt),
    finishedAt: ended,
    createdAt: info.Created,
    mounts: info.Mounts.filter((mount) => mount.Type === 'volume').map((mount) => ({
      name: mount.Name ?? '',
      container: mount.Destination,
      host: mount.Source,
    })),
  };
}

export function toEngineState(state: string): EngineState {
  return ENGINE_STATES.has(state) ? (state as EngineState) : 'dead';
}

/** Whether the main process runs right now, frozen or not. `State.Running` is true between two restarts, too. */
export function isUp(info: ContainerInspectInfo): boolean {
  return info.State.Status === 'running' || info.State.Status === 'paused';
}

/** Without the engine's leading slash. */
export function plainName(name: string): string {
  return name.replace(/^\//, '');
}

/** Null where the engine says that it never happened. */
export function timeOrNull(time: string): string | null {
  return time === NEVER || time === '' ? null : time;
}
