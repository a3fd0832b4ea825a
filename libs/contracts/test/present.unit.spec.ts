import { describe, expect, test } from '@jest/globals';
import { newBot, type Bot, type ContainerSettings, type Operation } from '#domain';
import {
  containerSchema,
  eventSchema,
  operationSchema,
  presentContainer,
  presentEventData,
  presentOperation,
} from '../index.js';

const NOW = '2026-01-01T00:00:00.000Z';
const settings: ContainerSettings = {
  image: 'debian:12',
  resources: { cpus: 1, memoryMb: 512, pids: 64 },
  command: null,
  network: 'none',
  labels: { team: 'a' },
  autoStopSeconds: 0,
  env: ['TOKEN'],
};
const exit = { code: 137, oomKilled: true, at: NOW, cause: 'oom', asked: true } as const;
const fresh = newBot({ key: 'secret-key', tenantId: 't', tenantSlug: 'acme', botId: 'alice' }, 'node-1', NOW);
const made: Bot = { ...fresh, state: 'running', containerId: 'c1', settings, sealedEnv: 'c2VhbGVk', exit };
const creating: Operation = {
  id: '0190a0c0-0000-7000-8000-000000000000',
  tenantId: 't',
  botKey: 'secret-key',
  botId: 'alice',
  nodeId: 'node-1',
  kind: 'container.create',
  status: 'running',
  seq: 1,
  params: { start: true, settings },
  digest: 'secret-digest',
  sealedEnv: 'c2VhbGVk',
  target: 'running',
  noop: false,
  attempt: 1,
  claimEpoch: 2,
  claimedBy: 'node-1',
  cancelRequested: null,
  phase: 'pulling',
  progress: { percent: 43, detail: null },
  result: null,
  error: null,
  requestedBy: { type: 'apiKey', id: 'k', name: 'ci' },
  requestId: null,
  dispatch: 1,
  createdAt: NOW,
  startedAt: NOW,
  finishedAt: null,
  leaseExpired: false,
  due: true,
  overdue: false,
};

describe('what callers see', () => {
  test('of an operation: what was asked for and what it came to, and nothing sealed', () => {
    const view = presentOperation(creating, 2, true);
    expect(operationSchema.parse(view)).toEqual(view);
    expect(view).toMatchObject({
      position: 2,
      joined: true,
      params: { start: true, image: 'debian:12', env: ['TOKEN'] },
    });
    expect(JSON.stringify(view)).not.toMatch(/c2VhbGVk|secret|claimEpoch|sealed/);
  });

  test('of a container: its state, its operation and how many wait', () => {
    const waiting: Operation = { ...creating, id: creating.id.replace('0190', '0191'), status: 'queued', seq: 2 };
    const view = presentContainer({ bot: { ...made, state: 'absent' }, operations: [creating, waiting] });
    expect(containerSchema.parse(view)).toEqual(view);
    expect(view).toMatchObject({
      status: 'creating',
      queued: 1,
      env: ['TOKEN'],
      operation: { id: creating.id, position: 0 },
    });
    expect(JSON.stringify(view)).not.toMatch(/c2VhbGVk|secret/);
  });

  test('of a bot without a container: absent and empty', () => {
    const view = presentContainer({ bot: fresh, operations: [] });
    expect(containerSchema.parse(view)).toEqual(view);
    expect(view).toMatchObject({
      status: 'absent',
      resources: null,
      network: null,
      env: [],
      labels: {},
      operation: null,
    });
  });

  test('of an event: the container where it is about the container', () => {
    const told = {
      version: 3,
      status: 'running',
      previousStatus: 'creating',
      operation: creating,
      position: 0,
      snapshot: null,
      task: null,
    } as const;
    const after = { bot: made, operations: [] };
    const status = presentEventData({ ...told, type: 'container.status' }, after);
    expect(eventSchema.shape.data.parse(status)).toEqual(status);
    expect(status).toMatchObject({
      container: { status: 'running' },
      exit: { cause: 'oom' },
      operation: { id: creating.id },
    });
    const started = presentEventData({ ...told, type: 'operation.started', operation: null }, after);
    expect(started).toEqual({ status: 'running', previousStatus: 'creating' });
  });
});
