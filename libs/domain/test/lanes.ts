import type {
  Bot,
  Change,
  ContainerSettings,
  ContainerState,
  Lane,
  Observation,
  Operation,
  OperationKind,
  OperationParams,
  Request,
} from '../index.js';

/** Builders of lanes for the specs, each member overridable, and how a change is written to one. */

export const NODE = 'node-1';
export const NOW = '2026-01-01T00:00:00.000Z';

/** The nth second of the test's day: later ones compare greater. */
export const at = (second: number): string => new Date(Date.parse(NOW) + second * 1_000).toISOString();

export const settings = (facts: Partial<ContainerSettings> = {}): ContainerSettings => ({
  image: 'debian:bookworm-slim',
  resources: { cpus: 1, memoryMb: 512, pids: 256 },
  command: null,
  network: 'internet',
  labels: {},
  autoStopSeconds: 0,
  env: [],
  ...facts,
});

/** A bot in a state, with the container that the state implies and its resources reserved. */
export function bot(state: ContainerState, facts: Partial<Bot> = {}): Bot {
  const exists = state !== 'absent';
  return {
    key: 'bot-key',
    tenantId: 'tenant-key',
    tenantSlug: 'acme',
    botId: 'alice',
    version: 7,
    state,
    projected: state,
    seq: 0,
    nodeId: NODE,
    incarnation: exists ? 1 : 0,
    containerId: exists ? 'c1' : null,
    image: exists ? { ref: 'debian:bookworm-slim', id: 'sha256:0' } : null,
    settings: exists ? settings() : null,
    sealedEnv: null,
    paths: [],
    hasData: exists,
    currentSnapshotId: null,
    exit: null,
    lastError: null,
    tasks: [],
    reserved: exists ? { cpus: 1, memoryMb: 512, containers: 1 } : { cpus: 0, memoryMb: 0, containers: 0 },
    containerCreatedAt: exists ? NOW : null,
    startedAt: state === 'running' || state === 'paused' ? at(1) : null,
    createdAt: NOW,
    updatedAt: NOW,
    ...facts,
  };
}

export function operation(verb: string, facts: Partial<Operation> = {}): Operation {
  const kind = (verb.includes('.') ? verb : `container.${verb}`) as OperationKind;
  const running = facts.status === 'running';
  const target = { create: 'stopped', stop: 'stopped', pause: 'paused', delete: 'absent' }[verb] ?? 'running';
  return {
    id: `op-${facts.seq ?? 1}`,
    tenantId: 'tenant-key',
    botKey: 'bot-key',
    botId: 'alice',
    nodeId: NODE,
    kind,
    status: 'queued',
    seq: 1,
    params: verb === 'create' ? { settings: settings() } : {},
    digest: `${kind}#1`,
    sealedEnv: null,
    target: target as ContainerState,
    noop: false,
    attempt: running ? 1 : 0,
    claimEpoch: running ? 7 : null,
    claimedBy: running ? NODE : null,
    cancelRequested: null,
    phase: null,
    progress: null,
    result: null,
    error: null,
    requestedBy: { type: 'apiKey', id: 'k', name: 'key' },
    requestId: null,
    dispatch: 1,
    createdAt: NOW,
    startedAt: running ? NOW : null,
    finishedAt: null,
    leaseExpired: false,
    due: true,
    overdue: false,
    ...facts,
  };
}

/** A bot with operations; `seq` and the projected state follow from them unless told. */
export function lane(state: ContainerState, operations: Operation[] = [], facts: Partial<Bot> = {}): Lane {
  const last = operations.at(-1);
  return {
    bot: bot(state, { seq: last?.seq ?? 0, projected: last?.target ?? state, ...facts }),
    operations,
    snapshots: [],
    hasSnapshots: false,
    now: at(100),
  };
}

export function request(verb: string, facts: Partial<Request> = {}): Request {
  const kind = (verb.includes('.') ? verb : `container.${verb}`) as OperationKind;
  const params: OperationParams = facts.params ?? (verb === 'create' ? { settings: settings() } : {});
  return {
    operationId: 'new',
    kind,
    params,
    digest: `${kind}${JSON.stringify(params)}`,
    sealedEnv: null,
    requestedBy: { type: 'apiKey', id: 'k', name: 'key' },
    requestId: null,
    ifVersion: null,
    ...facts,
  };
}

export const seen = (engineState: Observation['engineState'], facts: Partial<Observation> = {}): Observation => ({
  containerId: 'c1',
  engineState,
  exitCode: null,
  oomKilled: false,
  startedAt: at(1),
  finishedAt: null,
  ...facts,
});

/** What a test looks at first: each event as one line. */
export const told = (change: Change | null): string[] =>
  (change?.events ?? []).map(
    ({ type, operation: about, previousStatus, status }) =>
      `${type}${about ? ` ${about.id}` : ''}: ${previousStatus} -> ${status}`,
  );

/** A change that must have come about. */
export function made(change: Change | null): Change {
  if (!change) throw new Error('nothing was changed');
  return change;
}

export const find = (change: Change, id: string): Operation => {
  const write = change.writes.find((each) => each.operation.id === id);
  if (!write) throw new Error(`operation ${id} was not written`);
  return write.operation;
};

export const rung = (change: Change): string[] =>
  change.writes.filter((write) => write.rung).map((write) => write.operation.id);
