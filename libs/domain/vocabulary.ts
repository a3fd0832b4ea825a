/**
 * The words of Berth, as types. A bot owns one container; an operation changes it; its lane is the order
 * of its operations; a status is what a client sees. See docs/architecture.md.
 */

/** A fact read from Docker; `unknown` while the bot's node is silent. */
export const CONTAINER_STATES = ['absent', 'stopped', 'running', 'paused', 'failed', 'unknown'] as const;
export type ContainerState = (typeof CONTAINER_STATES)[number];

/** What a client sees: the state, or the running operation's own word. */
export const STATUSES = [
  'creating',
  'running',
  'paused',
  'stopped',
  'starting',
  'stopping',
  'restarting',
  'pausing',
  'resuming',
  'restoring',
  'deleting',
  'absent',
  'failed',
  'unknown',
] as const;
export type Status = (typeof STATUSES)[number];

export const OPERATION_KINDS = [
  'container.create',
  'container.start',
  'container.stop',
  'container.restart',
  'container.pause',
  'container.resume',
  'container.update',
  'container.delete',
  'snapshot.create',
  'snapshot.restore',
  'snapshot.delete',
] as const;
export type OperationKind = (typeof OPERATION_KINDS)[number];

export const OPERATION_STATUSES = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type OperationStatus = (typeof OPERATION_STATUSES)[number];

export const EVENT_TYPES = [
  'container.status',
  'operation.queued',
  'operation.started',
  'operation.succeeded',
  'operation.failed',
  'operation.cancelled',
  'snapshot.created',
  'snapshot.deleted',
  'snapshot.restored',
  'task.started',
  'task.exited',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** `killed`: somebody ended it, or its container; `lost`: it went with its container, or nobody knows how. */
export const TASK_STATUSES = ['running', 'exited', 'killed', 'lost'] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

export const SNAPSHOT_STATUSES = ['creating', 'ready', 'failed', 'deleting'] as const;
export type SnapshotStatus = (typeof SNAPSHOT_STATUSES)[number];

/** What a snapshot holds: the root filesystem with the data volumes, or the root filesystem alone. */
export const SNAPSHOT_SCOPES = ['all', 'container'] as const;
export type SnapshotScope = (typeof SNAPSHOT_SCOPES)[number];

/** What a restore brings back. */
export const RESTORE_SCOPES = ['all', 'container', 'data'] as const;
export type RestoreScope = (typeof RESTORE_SCOPES)[number];

export const SNAPSHOT_ORIGINS = ['manual', 'safety', 'scheduled'] as const;
export type SnapshotOrigin = (typeof SNAPSHOT_ORIGINS)[number];

export const NODE_STATUSES = ['ready', 'cordoned', 'draining', 'down'] as const;
export type NodeStatus = (typeof NODE_STATUSES)[number];

/** How a container's main process ended, as Docker tells it. */
export interface Exit {
  /** Exit code; 128+n for signal n. Null where Docker no longer knows. */
  code: number | null;
  oomKilled: boolean;
  /** RFC 3339. */
  at: string;
  cause: ExitCause;
  /** An operation has asked for it, or for it to stay: what is down since is `stopped`. Not shown to clients. */
  asked?: true;
}
/**
 * `stopped`: an operation asked for it; `killed`: by signal TERM or KILL from elsewhere; `oom`: killed for memory;
 * `crashed`: non-zero; `completed`: zero; `start_failed`: never came up.
 */
export const EXIT_CAUSES = ['stopped', 'killed', 'oom', 'crashed', 'completed', 'start_failed'] as const;
export type ExitCause = (typeof EXIT_CAUSES)[number];

export interface Resources {
  /** CPUs, fractions allowed. */
  cpus: number;
  /** Memory and swap together, MiB. */
  memoryMb: number;
  /** Processes and threads. */
  pids: number;
}

export type NetworkMode = 'internet' | 'none';

/** What ended an operation badly. `code` is from the catalogue in libs/contracts. */
export interface OperationError {
  code: OperationErrorCode;
  message: string;
  retryable: boolean;
}
export const OPERATION_ERROR_CODES = [
  'image_not_found',
  'image_pull_failed',
  'docker_unavailable',
  'docker_error',
  'disk_full',
  'deadline_exceeded',
  'attempts_exhausted',
  'predecessor_failed',
  'cancelled',
  'node_lost',
  'start_failed',
] as const;
export type OperationErrorCode = (typeof OPERATION_ERROR_CODES)[number];

export interface Progress {
  /** 0 to 100; null where the total is not known. */
  percent: number | null;
  detail: string | null;
}
