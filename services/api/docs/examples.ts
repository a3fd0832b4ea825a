import {
  CATALOGUE,
  type ContainerView,
  type EventView,
  type FileEntry,
  type NodeView,
  type OperationView,
  type Problem,
  type ProblemCode,
  type ProgressView,
  type SnapshotView,
  type TaskView,
} from '#contracts';
import { ApiError, toProblem } from '../http/problem.js';

const [first, second, third] = ['2026-11-23T09:30:00.000Z', '2026-11-23T09:30:01.250Z', '2026-11-23T09:42:00.000Z'];
const requestedBy = { type: 'apiKey', id: '01a22c1e-07c5-7578-8d62-a9e7ca21525f', name: 'backend' } as const;

const terminalId = '5b0f4a0e-3f0f-4b6e-9d53-8f2f0f0c7a11';

const operation: OperationView = {
  id: '01a22c2f-7b1d-7c0e-9a43-0d5f6f1f2a10',
  botId: 'alice',
  kind: 'container.start',
  status: 'succeeded',
  position: 0,
  phase: null,
  progress: null,
  attempt: 1,
  joined: false,
  noop: false,
  params: {},
  result: {},
  error: null,
  requestedBy,
  createdAt: first,
  startedAt: first,
  finishedAt: second,
};

const container: ContainerView = {
  botId: 'alice',
  status: 'running',
  version: 7,
  containerId: '3f2a9d1c5b7e4a60819253647586970a1b2c3d4e5f60718293a4b5c6d7e8f901',
  image: {
    ref: 'debian:bookworm-slim',
    id: 'sha256:0d2f5a3e9b8c7d6e5f40312233445566778899aabbccddeeff00112233445566',
  },
  node: 'node-1',
  paths: [
    {
      name: 'data',
      container: '/data',
      host: '/var/lib/docker/volumes/berth-default-alice-data/_data',
      persistent: true,
      volume: 'berth-default-alice-data',
    },
  ],
  tasks: 0,
  resources: { cpus: 1, memoryMb: 512, pids: 256 },
  env: ['TZ'],
  network: 'internet',
  labels: { team: 'blue' },
  autoStopSeconds: 0,
  currentSnapshotId: null,
  operation: null,
  queued: 0,
  lastError: null,
  exit: null,
  createdAt: first,
  startedAt: second,
  updatedAt: second,
};

const event: EventView = {
  cursor: '48213-1907',
  botId: 'alice',
  version: 7,
  type: 'operation.succeeded',
  at: second,
  data: { status: 'running', previousStatus: 'running', operation },
};

const snapshot: SnapshotView = {
  id: '01a22c3a-5d2e-7f14-b1a0-6c7d8e9f0a1b',
  botId: 'alice',
  name: 'known good',
  description: null,
  status: 'ready',
  parentId: null,
  childCount: 0,
  scope: 'all',
  origin: 'manual',
  sizeBytes: 81_264_640,
  dataSizeBytes: 1_048_576,
  layers: 2,
  freezeMs: 180,
  current: true,
  node: 'node-1',
  error: null,
  createdAt: third,
};

const task: TaskView = {
  id: '01a22c3d-1b2c-7a3d-9e4f-5a6b7c8d9e0f',
  botId: 'alice',
  name: 'web',
  command: 'python3 -m http.server',
  status: 'running',
  exitCode: null,
  reason: null,
  startedAt: third,
  endedAt: null,
};

const node: NodeView = {
  id: 'node-1',
  status: 'ready',
  engineVersion: '29.1.3',
  capacity: { cpus: 8, memoryMb: 32_768, maxCpus: null, maxMemoryMb: 28_672 },
  reserved: { cpus: 3.5, memoryMb: 4_096 },
  containers: 5,
  heartbeatAt: third,
};

const progress: ProgressView = {
  botId: 'alice',
  operationId: operation.id,
  phase: 'pulling',
  percent: 43,
  detail: '21.4 of 49.6 MB',
};

const fileEntry: FileEntry = { name: 'notes.txt', type: 'file', size: 1_204, mode: '0644', modifiedAt: third };

const apiKey = {
  id: requestedBy.id,
  name: requestedBy.name,
  scopes: ['containers:read', 'containers:write'],
  createdAt: first,
  expiresAt: null,
  lastUsedAt: null,
};
const madeKey = { ...apiKey, secret: 'berth_01a22c1e07c575788d62a9e7ca21525f_<43 characters, shown this once>' };

/** By the name of the schema that each is valid by. */
export const EXAMPLES: Record<string, unknown> = {
  ApiKey: apiKey,
  ApiKeyCreate: { name: apiKey.name, scopes: apiKey.scopes },
  ApiKeyWithSecret: madeKey,
  Whoami: {
    name: requestedBy.name,
    keyId: requestedBy.id,
    scopes: ['containers:read', 'containers:write'],
    isOperator: false,
    tenant: { id: '01a22c00-11aa-7bbb-8ccc-d1e2f3a4b5c6', name: 'research' },
  },
  Container: container,
  ContainerCreate: {
    start: true,
    image: 'debian:bookworm-slim',
    resources: { cpus: 1, memoryMb: 512 },
    env: { TZ: 'Europe/Berlin' },
    labels: { team: 'blue' },
  },
  ContainerStop: { timeoutSeconds: 10 },
  ArchiveUnpacked: { path: '/data/site', entries: 42, size: 1_048_576 },
  Directory: { path: '/data/site' },
  DirectoryCreate: { path: '/data/site' },
  FileEntry: fileEntry,
  FileList: { path: '/data', entries: [fileEntry], nextCursor: null },
  FileMove: { from: '/data/draft.txt', to: '/data/notes.txt' },
  FileMoved: { from: '/data/draft.txt', to: '/data/notes.txt' },
  FileWritten: { path: '/data/notes.txt', size: 1_204 },
  ContainerUpdate: { resources: { memoryMb: 1024 }, autoStopSeconds: 900 },
  Event: event,
  Exec: { command: 'python3 --version', cwd: '/data', timeoutSeconds: 30 },
  ExecResult: {
    exitCode: 0,
    stdout: 'Python 3.11.2\n',
    stderr: '',
    truncated: false,
    timedOut: false,
    durationMs: 87,
  },
  Node: node,
  Operation: operation,
  Progress: progress,
  Reset: { botId: container.botId, container },
  Snapshot: snapshot,
  SnapshotCreate: { name: snapshot.name },
  SnapshotRestore: { safetySnapshot: true },
  Stats: {
    cpuPercent: 12.5,
    memoryBytes: 48_234_496,
    memoryLimitBytes: 536_870_912,
    pids: 4,
    network: { rxBytes: 10_485_760, txBytes: 524_288 },
    block: { readBytes: 4_096, writeBytes: 1_048_576 },
    disk: { rootBytes: 2_097_152, dataBytes: 1_048_576 },
    at: third,
  },
  Task: task,
  TaskCreate: { command: task.command, name: task.name },
  TaskSummary: { id: task.id, name: task.name, status: 'running', exitCode: null, reason: null, startedAt: third },
  Subscribe: { botId: 'alice', after: 7 },
  Tenant: { id: '01a22c1d-93aa-7d21-8c55-2f1e0d9c8b7a', name: 'acme', createdAt: first, apiKey: madeKey },
  TenantCreate: { name: 'acme' },
  TerminalClose: { terminalId },
  TerminalExit: { terminalId, exitCode: 0, reason: null },
  TerminalInput: { terminalId, data: 'ls\r' },
  TerminalOpen: { botId: 'alice', cols: 80, rows: 24 },
  TerminalOutput: { terminalId, data: 'notes.txt\r\n' },
  TerminalResize: { terminalId, cols: 132, rows: 43 },
  Unsubscribe: { botId: 'alice' },
};

const MORE: Partial<Record<ProblemCode, Pick<ApiError, 'options'>['options']>> = {
  validation_failed: { errors: [{ path: 'query.limit', message: 'must be a whole number' }] },
  invalid_transition: { extra: { containerStatus: 'absent', allowed: ['create', 'delete'] } },
};

/** What a caller is answered with this code. */
export function problemExample(code: ProblemCode): Problem {
  return toProblem(new ApiError(code, CATALOGUE[code].hint, MORE[code]), '0f6b3c1e-6f0e-4d39-9a55-3c1f2b7d8e90');
}
