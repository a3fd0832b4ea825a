import type { NetworkMode, Resources } from '#domain';
import type { ContainerIdentity, VolumeOwner } from './identity.js';
import type { SnapshotImages } from './image-port.js';

/**
 * What Berth asks of a container engine. Everything Docker-specific (dockerode, status codes, label and
 * network syntax, HostConfig) stays behind this port; rules about bots, lanes and operations stay in front
 * of it. Every call has a deadline of its own and ends early when its signal aborts. Every failure is a
 * RuntimeFailure.
 */
export interface ContainerRuntime extends SnapshotImages {
  /** Asks the engine who it is. Fails with `docker_unavailable` within 2 s where it does not answer. */
  info(): Promise<EngineInfo>;

  /** Makes what all containers of this node share: the managed network and, where permitted, its firewall rules. Idempotent. */
  prepareNode(): Promise<PreparedNode>;

  /** Returns the image, pulling it first if the engine does not hold it. `image_not_found`, `image_pull_failed`. */
  ensureImage(ref: string, options: { signal: AbortSignal; onProgress?: (p: PullProgress) => void }): Promise<Image>;

  /**
   * Creates the container and its volumes: those of the spec, and one for each path that the image declares as a
   * VOLUME, so that no file of a bot is outside of its snapshots. Where the name is taken by a container with the same
   * labels, adopts that one. `name_conflict` where the name of either belongs to somebody else; `start_failed` where the
   * image has no /bin/sh that could hand `env` over to the command.
   */
  create(spec: ContainerSpec, signal: AbortSignal): Promise<RuntimeContainer>;

  /** Null where there is none. `ref` is an engine id or a name. */
  inspect(ref: string, signal?: AbortSignal): Promise<RuntimeContainer | null>;

  /** Every container this runtime manages (label `berth.managed`), in any state, from one listing. */
  list(signal?: AbortSignal): Promise<RuntimeContainerSummary[]>;

  /**
   * Starting what runs is a success. `start_failed` with the exit code where the process cannot be started. `seen` is
   * what `inspect` has just said of it: without, it is looked at first.
   */
  start(id: string, signal: AbortSignal, seen?: RuntimeContainer): Promise<void>;
  /** Graceful (the image's stop signal), then a kill after the timeout. Stopping what is stopped is a success. */
  stop(id: string, timeoutSeconds: number, signal: AbortSignal): Promise<void>;
  kill(id: string, signal: AbortSignal): Promise<void>;
  /**
   * Changes what it may use: at once where it runs, else from its next start on. False where it runs and the engine
   * cannot change that under it, such as less memory than it uses.
   */
  update(id: string, resources: Resources, signal: AbortSignal): Promise<boolean>;
  pause(id: string, signal: AbortSignal): Promise<void>;
  resume(id: string, signal: AbortSignal): Promise<void>;
  /** Removes the container, running or not, and its anonymous volumes. Removing what is gone is a success. */
  remove(id: string, signal: AbortSignal): Promise<void>;
  /** Removes a volume that was made for this bot. One of somebody else stays; that and one that is gone are successes. */
  removeVolume(name: string, owner: VolumeOwner, signal: AbortSignal): Promise<void>;

  /** The exit of the next end of the main process, or null if it still runs after `graceMs`. */
  exitWithin(id: string, graceMs: number, signal: AbortSignal): Promise<{ code: number } | null>;

  /** Engine events of managed containers, until the signal aborts. Throws `docker_unavailable` when the stream ends otherwise. */
  events(options: { signal: AbortSignal; since?: Date; onOpen?: () => void }): AsyncIterable<RuntimeEvent>;

  /** One sample of a running container. `container_not_running` where it does not run. */
  stats(id: string, signal: AbortSignal): Promise<RuntimeStats>;

  /** Output of the main process, oldest first; with `follow`, until the container ends or the signal aborts. */
  logs(id: string, options: { tail: number; follow: boolean; signal: AbortSignal }): AsyncIterable<LogChunk>;

  close(): Promise<void>;
}

export interface EngineInfo {
  engineVersion: string;
  apiVersion: string;
  cpus: number;
  memoryMb: number;
  /** Containers of any kind that the engine holds. */
  containers: number;
}

export interface PreparedNode {
  network: string;
  /** Whether rules keep containers from the host itself; false where the worker may not set them. */
  hostFirewall: boolean;
  /** What could not be done and how to do it, for the operator's log. */
  warnings: string[];
}

export interface PullProgress {
  /** 0 to 100; null where the total is not known yet. */
  percent: number | null;
  detail: string;
}

export interface Image {
  /** The reference asked for. */
  ref: string;
  /** `sha256:...` */
  id: string;
}

/** All that may be said about a container. There is no pass-through: what is not here cannot be asked for. */
export interface ContainerSpec {
  name: string;
  hostname: string;
  image: string;
  /** The caller's main process, run as given (the image's entrypoint is replaced); null for Berth's idle command. */
  command: string[] | null;
  /** Environment for `command`, handed over through a read-only file, never the container's Config. Needs /bin/sh in the image. */
  env: Record<string, string>;
  resources: Resources;
  network: NetworkMode;
  /** Identity, written as `berth.*` labels. */
  identity: ContainerIdentity;
  /** Named volumes, made if missing, kept when the container is removed. */
  volumes: VolumeMount[];
  /** Whether new volumes stay empty, for `unarchive`, rather than begin with what the image has at their path. */
  emptyVolumes?: boolean;
}

export interface VolumeMount {
  name: string;
  /** Path in the container. */
  target: string;
}

export type EngineState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

export interface RuntimeContainerSummary {
  id: string;
  name: string;
  identity: ContainerIdentity | null;
  engineState: EngineState;
}

export interface RuntimeContainer extends RuntimeContainerSummary {
  image: Image;
  /** What it may use. */
  resources: Resources;
  /** Whether its main process is Berth's own, which only keeps it up. */
  idle: boolean;
  /** Of the last end of the main process; null before the first. */
  exitCode: number | null;
  oomKilled: boolean;
  /** RFC 3339, null where it never started. */
  startedAt: string | null;
  /** RFC 3339, null where it never ended. */
  finishedAt: string | null;
  createdAt: string;
  /** Its volumes, those that the image declares among them. */
  mounts: { name: string; container: string; host: string }[];
}

export interface RuntimeEvent {
  containerId: string;
  identity: ContainerIdentity | null;
  action: 'create' | 'start' | 'die' | 'stop' | 'kill' | 'oom' | 'pause' | 'unpause' | 'destroy' | 'exec_die';
  /** Of a `die`. */
  exitCode: number | null;
  at: Date;
}

export interface RuntimeStats {
  cpuPercent: number;
  memoryBytes: number;
  memoryLimitBytes: number;
  pids: number;
  network: { rxBytes: number; txBytes: number };
  block: { readBytes: number; writeBytes: number };
  /** Null where it could not be told in time. */
  disk: { rootBytes: number | null; dataBytes: number | null };
  /** RFC 3339. */
  at: string;
}

export interface LogChunk {
  stream: 'stdout' | 'stderr';
  data: Buffer;
}
