import {
  accept,
  claim,
  newBot,
  settle,
  type BotFacts,
  type Change,
  type ContainerSettings,
  type Lane,
  type Operation,
  type OperationKind,
  type OperationParams,
  type Outcome,
  type Snapshot,
  type SnapshotFacts,
} from '#domain';
import type { BusMessage } from '#messaging';
import type { Claimed, Protocol } from '#operations';
import type { Heartbeat, HeartbeatAnswer } from '#persistence';
import { createLogger, createMetrics, createSecretBox } from '#platform';
import { FakeRuntime, type FakeProgram } from '#runtime';
import { afterAll } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Freezes } from '../freezes.js';
import { removeLeftovers } from '../handlers/container.js';
import { Runner } from '../runner.js';
import { LeaseKeeper } from '../runs.js';

/** The nodes' own disks. */
const disk = mkdtempSync(join(tmpdir(), 'berth-bench-'));
afterAll(() => rmSync(disk, { recursive: true, force: true }));

const NOW = '2026-01-01T00:00:00.000Z';
export const NODE = 'node-1';
export const IMAGE = 'debian:12';
const metrics = createMetrics('worker');

export const settings = (facts: Partial<ContainerSettings> = {}): ContainerSettings => ({
  image: IMAGE,
  resources: { cpus: 1, memoryMb: 512, pids: 64 },
  command: null,
  network: 'internet',
  labels: {},
  autoStopSeconds: 0,
  env: [],
  ...facts,
});

/** A worker over the fake engine, and one bot's lane that the true rules change, in memory. */
export class Bench {
  readonly runtime: FakeRuntime;
  readonly secrets = createSecretBox('k'.repeat(32));
  readonly told: BusMessage[] = [];
  readonly settled: { outcome: Outcome; facts: BotFacts | null }[] = [];
  readonly snapshots = new Map<string, Snapshot>();
  readonly freezes: Freezes;
  restored = 0;
  readonly lookedAgain: { botKey: string; lookedAt: number }[] = [];
  readonly logged: string[] = [];
  readonly leases: LeaseKeeper;
  readonly runner: Runner;
  lane: Lane;
  isUp = true;
  enginesLost = 0;
  leasesLost = 0;
  /** Thrown by the next settles, in order. */
  settleFaults: Error[] = [];
  /** What the database answers to a heartbeat. */
  answer: (beats: Heartbeat[]) => Promise<HeartbeatAnswer[]> = async (beats) =>
    beats.map(({ operationId }) => ({ operationId, cancelRequested: null }));

  /** Where containers are noted that an operation has frozen. */
  readonly frozen: string;

  /** `after`: a worker that was killed, whose engine, disk and database this one finds. */
  constructor(options: { program?: FakeProgram; images?: string[]; runtime?: FakeRuntime; after?: Bench } = {}) {
    const { after } = options;
    this.runtime =
      after?.runtime ?? options.runtime ?? new FakeRuntime({ images: options.images ?? [IMAGE], ...options });
    this.frozen = after?.frozen ?? mkdtempSync(join(disk, 'frozen-'));
    const bot = newBot({ key: 'bot-key', tenantId: 'tenant-key', tenantSlug: 'acme', botId: 'alice' }, NODE, NOW);
    this.lane = { bot, operations: [], snapshots: [], hasSnapshots: false, now: NOW };
    if (after) {
      for (const [id, snapshot] of after.snapshots) this.snapshots.set(id, snapshot);
      const operations = after.lane.operations.map((each) => ({ ...each, leaseExpired: each.status === 'running' }));
      this.lane = { ...after.lane, operations };
    }
    this.leases = new LeaseKeeper((beats) => this.answer(beats), {
      leaseSeconds: 30,
      onLost: () => void (this.leasesLost += 1),
      onFault: () => undefined,
    });
    const log = createLogger({ level: 'debug', service: 'worker' }, { write: (line) => void this.logged.push(line) });
    this.freezes = new Freezes({
      directory: this.frozen,
      runtime: this.runtime,
      ownerOf: async ({ id }) => (this.lane.bot.containerId === id ? this.lane.bot : null),
      makeWay: (owner, signal) => removeLeftovers({ bot: owner, runtime: this.runtime }, signal),
      log,
    });
    this.runner = new Runner({
      nodeId: NODE,
      leaseSeconds: 30,
      runtime: this.runtime,
      // The parts of it that a runner uses.
      protocol: {
        claim: (id: string, worker: { nodeId: string; leaseSeconds: number }) => this.#claim(id, worker),
        settle: (claimed: Claimed, outcome: Outcome, facts: BotFacts | null, made: Record<string, SnapshotFacts>) =>
          this.#settle(claimed, outcome, facts, made),
      } as unknown as Protocol,
      messaging: { bus: { publish: (message) => void this.told.push(message), subscribe: () => () => undefined } },
      leases: this.leases,
      secrets: this.secrets,
      metrics,
      log,
      bots: { findByKey: async () => this.lane },
      snapshots: { read: async (_, id) => this.snapshots.get(id) ?? null },
      freezes: this.freezes,
      onRestored: () => void (this.restored += 1),
      isUp: () => this.isUp,
      onEngineLost: () => void (this.enginesLost += 1),
      onSettled: (botKey, lookedAt) => void this.lookedAgain.push({ botKey, lookedAt }),
    });
  }

  get containerId(): string {
    const { containerId } = this.lane.bot;
    if (containerId === null) throw new Error('the bot has no container');
    return containerId;
  }

  /** Queues an operation; its id is its verb and place. */
  accept(verb: string, params: OperationParams = {}, env: Record<string, string> = {}): string {
    const operationId = `${verb}-${this.lane.bot.seq + 1}`;
    const verdict = accept(
      this.lane,
      {
        operationId,
        kind: kindOf(verb),
        params: verb === 'create' ? { settings: settings(), ...params } : params,
        digest: operationId,
        sealedEnv: this.secrets.seal(JSON.stringify(env)).toString('base64'),
        requestedBy: { type: 'apiKey', id: 'k', name: 'key' },
        requestId: null,
        ifVersion: null,
        snapshots: {
          subject: this.snapshots.get(params.snapshotId ?? params.fromSnapshot ?? '') ?? null,
          living: 0,
          max: 50,
          forking: false,
        },
      },
      { isNewBot: false },
    );
    if (verdict.verdict !== 'queue') throw new Error(`${verb} was a ${verdict.verdict}`);
    this.apply(verdict.change);
    return operationId;
  }

  /** Queues an operation and lets the worker run it; what it came to. */
  async run(verb: string, params: OperationParams = {}): Promise<Outcome | undefined> {
    await this.runner.ring(this.accept(verb, params));
    return this.settled.at(-1)?.outcome;
  }

  apply(change: Change): void {
    for (const { write, snapshot } of change.snapshots) {
      if (write === 'remove') this.snapshots.delete(snapshot.id);
      else this.snapshots.set(snapshot.id, snapshot);
    }
    const snapshots = [...this.snapshots.values()];
    this.lane = {
      ...this.lane,
      bot: change.bot,
      operations: change.operations,
      snapshots,
      hasSnapshots: snapshots.length > 0,
    };
  }

  operation(id: string): Operation | undefined {
    return this.lane.operations.find((each) => each.id === id);
  }

  async #claim(id: string, worker: { nodeId: string; leaseSeconds: number }): Promise<Claimed | null> {
    const change = claim(this.lane, id, worker);
    const operation = change?.operations[0];
    if (!change || !operation || operation.claimEpoch === null) return null;
    this.apply(change);
    return { operation, bot: change.bot, epoch: operation.claimEpoch, lane: this.lane, claimedAt: performance.now() };
  }

  async #settle(
    claimed: Claimed,
    outcome: Outcome,
    facts: BotFacts | null,
    made: Record<string, SnapshotFacts>,
  ): Promise<boolean> {
    const fault = this.settleFaults.shift();
    if (fault) throw fault;
    this.settled.push({ outcome, facts });
    const change = settle(this.lane, { operationId: claimed.operation.id, epoch: claimed.epoch }, outcome, facts, made);
    if (change) this.apply(change);
    return change !== null;
  }
}

/** `start` as `container.start`; kinds that say whose they are, as they are. */
export function kindOf(verb: string): OperationKind {
  return (verb.includes('.') ? verb : `container.${verb}`) as OperationKind;
}

/** What the fake engine was asked to do, looks apart. */
export const acts = (runtime: FakeRuntime): string[] =>
  runtime.calls.map(({ method }) => method).filter((method) => !['inspect', 'ensureImage'].includes(method));
