import type { Snapshot, SnapshotWrite } from './snapshot.js';
import type { EndedTask, RunningTask, Task, TaskWrite } from './task.js';
import type {
  ContainerState,
  Exit,
  NetworkMode,
  OperationError,
  OperationKind,
  OperationStatus,
  Progress,
  Resources,
  RestoreScope,
  EventType,
  Status,
} from './vocabulary.js';

/** What a container is made of, settled when its create is accepted. Values of `env` are kept apart, sealed. */
export interface ContainerSettings {
  image: string;
  resources: Resources;
  command: string[] | null;
  network: NetworkMode;
  labels: Record<string, string>;
  autoStopSeconds: number;
  /** Names only, sorted. */
  env: string[];
}

export interface DataPath {
  name: string;
  container: string;
  host: string;
  persistent: boolean;
  /** The engine's name of it. */
  volume: string;
}

/** The aggregate root: everything known of a bot but its operations. */
export interface Bot {
  /** Internal key; `botId` is what callers say. */
  key: string;
  tenantId: string;
  /** Short and unique; part of engine names. */
  tenantSlug: string;
  botId: string;
  /** Counts events, gapless; every change compares it. */
  version: number;
  state: ContainerState;
  /** The state the bot reaches when its lane has run. */
  projected: ContainerState;
  /** The last place given out in the lane. */
  seq: number;
  nodeId: string | null;
  /** Counts containers made for this bot. */
  incarnation: number;
  containerId: string | null;
  image: { ref: string; id: string } | null;
  /** Of the container that exists; null while absent. */
  settings: ContainerSettings | null;
  /** Sealed JSON of `env`; base64. */
  sealedEnv: string | null;
  paths: DataPath[];
  /** Whether a data volume exists, with or without a container. */
  hasData: boolean;
  exit: Exit | null;
  lastError: OperationError | null;
  /** What the container descends from: the snapshot last taken of it or restored to it. */
  currentSnapshotId: string | null;
  /** Those that run in its container. */
  tasks: RunningTask[];
  /** What is reserved on the node for this bot. */
  reserved: Reservation;
  containerCreatedAt: string | null;
  startedAt: string | null;
  createdAt: string;
  updatedAt: string;
}

export interface Reservation {
  cpus: number;
  memoryMb: number;
  containers: number;
}

export interface Requester {
  type: 'apiKey' | 'ticket' | 'system';
  id: string;
  name: string;
}

/** Parameters as recorded and shown. `settings` is what a create resolved to. */
export interface OperationParams {
  start?: boolean;
  timeoutSeconds?: number;
  purgeData?: boolean;
  settings?: ContainerSettings;
  /** Of a create: the snapshot it begins from. */
  fromSnapshot?: string;
  /** Of snapshot.*: the one that is made, restored or deleted. */
  snapshotId?: string;
  name?: string;
  description?: string | null;
  scope?: RestoreScope;
  /** Of a restore: the snapshot that is taken first, so that it can be undone; null where none is wanted. */
  safetySnapshotId?: string | null;
  /** Of an update: what it changes, and no more. */
  resources?: Partial<Resources>;
  labels?: Record<string, string>;
  autoStopSeconds?: number;
  /** Why the system asked for it. */
  reason?: string;
}

/** One accepted request to change a bot. */
export interface Operation {
  id: string;
  tenantId: string;
  botKey: string;
  botId: string;
  nodeId: string | null;
  kind: OperationKind;
  status: OperationStatus;
  /** Place in the lane; null for a no-op, which never stood in it. */
  seq: number | null;
  params: OperationParams;
  /** Keyed digest of kind and parameters, secrets included: equal requests can join. */
  digest: string;
  /** Sealed JSON of `env` of a create, until the operation ends. Never shown. */
  sealedEnv: string | null;
  /** The state it leads to. */
  target: ContainerState;
  noop: boolean;
  attempt: number;
  /** The bot's version at the claim: a fencing token. */
  claimEpoch: number | null;
  claimedBy: string | null;
  cancelRequested: CancelReason | null;
  phase: string | null;
  progress: Progress | null;
  result: Record<string, unknown> | null;
  error: OperationError | null;
  requestedBy: Requester;
  requestId: string | null;
  /** How often its doorbell was rung. */
  dispatch: number;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  /** By the database's clock when read: its lease has run out. Only of running ones. */
  leaseExpired: boolean;
  /** By the database's clock when read: its backoff is over. */
  due: boolean;
  /** By the database's clock when read: its time is up. */
  overdue: boolean;
}

export type CancelReason = 'requested' | 'superseded' | 'deadline';

/** A bot and its operations that have not ended, in lane order, as one read saw them. */
export interface Lane {
  bot: Bot;
  operations: Operation[];
  /** Of the bot's own: those being made or deleted, and those that its operations name. */
  snapshots: Snapshot[];
  /** Whether the bot has any. */
  hasSnapshots: boolean;
  /** The database's clock. */
  now: string;
}

export interface BotEvent {
  version: number;
  type: EventType;
  status: Status;
  previousStatus: Status;
  /** As it stands after the change. */
  operation: Operation | null;
  /** How many operations stand before it. */
  position: number;
  /** Of snapshot.*, as it stands after the change, or stood before it was deleted. */
  snapshot: Snapshot | null;
  /** Of task.*, as it stands after the change. */
  task: Task | EndedTask | null;
}

/** When an operation's row changes, what its clock does. Seconds from the database's now. */
export interface OperationWrite {
  operation: Operation;
  isNew: boolean;
  leaseSeconds: number | null;
  dueInMs: number;
  /** Whether its doorbell is rung right after the commit. */
  rung: boolean;
}

/** A pure description of one committed change. The store writes it in one statement, or not at all. */
export interface Change {
  /** The version it was judged at; null for a bot that must not exist yet. */
  expectVersion: number | null;
  bot: Bot;
  /** After the change, lane order. */
  operations: Operation[];
  writes: OperationWrite[];
  events: BotEvent[];
  snapshots: SnapshotWrite[];
  tasks: TaskWrite[];
  /** Whether the bot descends from another snapshot after it. */
  descends: boolean;
  /** What the node's reservation changes by; refused with `no_capacity` where it grows beyond the ceiling. */
  reservation: { nodeId: string; delta: Reservation } | null;
}
