import type { Messaging } from '#messaging';
import {
  BotStore,
  IdempotencyStore,
  NodeStore,
  OperationStore,
  SnapshotStore,
  TaskStore,
  type Database,
} from '#persistence';
import type { Metrics, SecretBox } from '#platform';
import { Acceptance } from './acceptance.js';
import { Announcer } from './announce.js';
import { Door } from './door.js';
import { Protocol } from './protocol.js';
import { Sweep } from './sweep.js';
import { TaskRecord } from './task-record.js';

export { Acceptance, type Accepted, type AcceptRequest } from './acceptance.js';
export { canonicalJson } from './canonical-json.js';
export { IdempotencyRefusal, once } from './idempotency.js';
export { Protocol, type Claimed } from './protocol.js';
export { Sweep } from './sweep.js';
export { TaskRecord } from './task-record.js';

/** The protocol and what it stands on, built once per process. */
export interface Operations {
  acceptance: Acceptance;
  protocol: Protocol;
  sweep: Sweep;
  tasks: TaskRecord;
  stores: {
    bots: BotStore;
    operations: OperationStore;
    nodes: NodeStore;
    idempotency: IdempotencyStore;
    snapshots: SnapshotStore;
    tasks: TaskStore;
  };
}

export function createOperations(parts: {
  database: Database;
  messaging: Pick<Messaging, 'doorbell' | 'bus'>;
  metrics: Metrics;
  secrets: SecretBox;
  /** After which a node that says nothing counts as down. Seconds. */
  silentSeconds: number;
}): Operations {
  const { database, messaging, metrics, secrets } = parts;
  const stores = {
    bots: new BotStore(database),
    operations: new OperationStore(database),
    nodes: new NodeStore(database),
    idempotency: new IdempotencyStore(database),
    snapshots: new SnapshotStore(database),
    tasks: new TaskStore(database),
  };
  const announcer = new Announcer(messaging, metrics);
  const door = new Door(stores.bots, announcer);
  const protocol = new Protocol(door, stores.bots, stores.operations, metrics);
  return {
    acceptance: new Acceptance(stores, announcer, secrets),
    protocol,
    tasks: new TaskRecord(door, stores.bots),
    sweep: new Sweep(stores, protocol, messaging, metrics, { silentSeconds: parts.silentSeconds }),
    stores,
  };
}
