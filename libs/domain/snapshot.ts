import type { OperationError, RestoreScope, SnapshotOrigin, SnapshotScope, SnapshotStatus } from './vocabulary.js';

/** A captured container: its root filesystem, and with scope `all` its data volumes. */
export interface Snapshot {
  id: string;
  tenantId: string;
  botKey: string;
  botId: string;
  /** Whose engine holds it. */
  nodeId: string;
  name: string;
  description: string | null;
  status: SnapshotStatus;
  /** What the container descended from when it was taken; null for the first. */
  parentId: string | null;
  scope: SnapshotScope;
  origin: SnapshotOrigin;
  /** The image that the container was once made of, by the name its owner knows; null until it is begun. */
  image: string | null;
  /** Where the data volumes went. */
  volumes: CapturedVolume[];
  /** Root filesystem and data together; 0 until it is ready. */
  sizeBytes: number;
  dataSizeBytes: number;
  /** Of its root filesystem; 0 until it is ready. */
  layers: number;
  /** How long the container stood for it. Milliseconds. */
  freezeMs: number;
  /** Why it failed. */
  error: OperationError | null;
  createdAt: string;
}

export interface CapturedVolume {
  /** Path in the container. */
  container: string;
  /** The engine's name of the image that holds its files. */
  ref: string;
  sizeBytes: number;
}

/** What the engine tells of a snapshot once it is made. */
export type SnapshotFacts = Pick<Snapshot, 'volumes' | 'sizeBytes' | 'dataSizeBytes' | 'layers' | 'freezeMs'>;

/** A change of one snapshot's row. A removal hands its children, and whoever descends from it, to its parent. */
export type SnapshotWrite = { write: 'insert' | 'update' | 'remove'; snapshot: Snapshot };

/** How many safety snapshots of a bot are kept. */
export const SAFETY_KEPT = 3;
/** Beyond so many layers a snapshot is made flat: engines refuse to start what has about 125. */
export const MAX_LAYERS = 100;

/** The engine's name of a snapshot's root filesystem. */
export function snapshotImage(id: string): string {
  return `berth/snapshot:${id}`;
}

/** The engine's name of the nth data volume of a snapshot. */
export function snapshotDataImage(id: string, n: number): string {
  return n === 0 ? `berth/snapshot-data:${id}` : `berth/snapshot-data:${id}-${n}`;
}

export const holdsContainer = (scope: RestoreScope): boolean => scope !== 'data';
export const holdsData = (scope: RestoreScope): boolean => scope !== 'container';
