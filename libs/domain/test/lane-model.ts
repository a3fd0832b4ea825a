import {
  newBot,
  reservationOf,
  statusOf,
  transition,
  type Bot,
  type Change,
  type ContainerState,
  type Lane,
  type Operation,
  type Reservation,
  type Snapshot,
  type SnapshotStanding,
  type Status,
} from '../index.js';
import assert from 'node:assert/strict';
import { at } from './lanes.js';

const isAlive = ({ status }: Operation): boolean => status === 'queued' || status === 'running';
const NOTHING: Reservation = { cpus: 0, memoryMb: 0, containers: 0 };

/**
 * What a database would hold of one bot. It writes a change as the store does, and checks what must hold of every one;
 * with assert, since it checks a million things and must be quick.
 */
export class LaneModel {
  bot: Bot = newBot({ key: 'b', tenantId: 't', tenantSlug: 'acme', botId: 'alice' }, 'node-1', at(0));
  /** Whether the bot was ever written. */
  exists = false;
  /** Every operation ever accepted, ended ones too. */
  readonly all = new Map<string, Operation>();
  /** How often the end of an operation was told. */
  readonly ends = new Map<string, number>();
  #told: Status = 'absent';
  #clock = 0;
  readonly snapshots = new Map<string, Snapshot>();
  readonly #nodes = new Map<string, Reservation>();

  get operations(): Operation[] {
    return [...this.all.values()].filter(isAlive).sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0));
  }

  get head(): Operation | undefined {
    return this.operations[0];
  }

  lane(): Lane {
    this.#clock += 1;
    const snapshots = [...this.snapshots.values()];
    const hasSnapshots = snapshots.length > 0;
    return { bot: this.bot, operations: this.operations, snapshots, hasSnapshots, now: at(this.#clock) };
  }

  /** What is known of the nth snapshot there is. */
  standing(n: number, max: number): SnapshotStanding {
    const all = [...this.snapshots.values()];
    const living = all.filter(({ origin, status }) => origin !== 'safety' && status !== 'failed').length;
    return { subject: all[n] ?? null, living, max, forking: false };
  }

  /** A bot that was given up goes where there is room, not where it was. */
  place(): void {
    this.bot = { ...this.bot, nodeId: this.bot.version % 2 === 0 ? 'node-1' : 'node-2' };
  }

  /** What time does to the head. */
  pass(facts: Partial<Pick<Operation, 'due' | 'leaseExpired' | 'overdue'>>): void {
    if (this.head) this.all.set(this.head.id, { ...this.head, ...facts });
  }

  apply(change: Change | null): Change | null {
    if (!change) return null;
    const before = this.head;
    assert.equal(change.expectVersion, this.exists ? this.bot.version : null);
    this.#checkEvents(change);
    for (const write of change.writes) this.#write(write);
    this.#reserve(change);
    for (const write of change.snapshots) this.#writeSnapshot(write);
    this.exists = true;
    this.bot = change.bot;
    this.#check(change, before);
    this.#checkSnapshots();
    return change;
  }

  #writeSnapshot({ write, snapshot }: Change['snapshots'][number]): void {
    assert.equal(this.snapshots.has(snapshot.id), write !== 'insert');
    if (write !== 'remove') return void this.snapshots.set(snapshot.id, snapshot);
    this.snapshots.delete(snapshot.id);
    for (const child of this.snapshots.values()) {
      if (child.parentId === snapshot.id) this.snapshots.set(child.id, { ...child, parentId: snapshot.parentId });
    }
  }

  /** One that is being made or deleted has somebody who does that; nobody descends from what is not there. */
  #checkSnapshots(): void {
    const { operations } = this;
    const makes = (operation: Operation, id: string): boolean =>
      operation.kind === 'snapshot.create'
        ? operation.params.snapshotId === id
        : operation.params.safetySnapshotId === id && operation.startedAt !== null;
    for (const { id, status, parentId } of this.snapshots.values()) {
      const made = operations.some((operation) => makes(operation, id));
      const deleted = operations.some(({ kind, params }) => kind === 'snapshot.delete' && params.snapshotId === id);
      assert.deepEqual([status === 'creating', status === 'deleting'], [made, deleted], `${id} is ${status}`);
      assert(parentId === null || this.snapshots.has(parentId), `${id} descends from ${parentId}`);
    }
    const { currentSnapshotId } = this.bot;
    assert(currentSnapshotId === null || this.snapshots.has(currentSnapshotId), `nothing is ${currentSnapshotId}`);
  }

  #write({ operation, isNew, leaseSeconds, dueInMs, rung }: Change['writes'][number]): void {
    const before = this.all.get(operation.id);
    assert.equal(isNew, before === undefined);
    if (before && !isAlive(before)) throw new Error(`${operation.id} had ended and was written again`);
    // What was begun leads where it led.
    if (before?.startedAt) assert.equal(operation.target, before.target);
    if (rung) assert.equal(operation.dispatch, (before?.dispatch ?? 0) + 1);
    const clocks = {
      due: dueInMs > 0 ? false : (before?.due ?? true),
      leaseExpired: operation.status === 'running' && leaseSeconds === null && (before?.leaseExpired ?? false),
    };
    this.all.set(operation.id, { ...operation, ...clocks });
  }

  /** Gapless; each begins where the last one left the client, and says what is true now. */
  #checkEvents({ bot, operations, events }: Change): void {
    const running = operations.find((each) => each.status === 'running');
    assert.equal(bot.version, this.bot.version + events.length);
    events.forEach((event, index) => {
      assert.equal(event.version, this.bot.version + 1 + index);
      assert.equal(event.previousStatus, this.#told);
      assert.equal(event.status, statusOf(bot.state, running?.kind ?? null));
      this.#told = event.status;
      const about = event.operation;
      if (about) assert.equal(about.status, (operations.find((each) => each.id === about.id) ?? about).status);
      const ended = ['operation.succeeded', 'operation.failed', 'operation.cancelled'].includes(event.type);
      if (ended && about) this.ends.set(about.id, (this.ends.get(about.id) ?? 0) + 1);
    });
    if (events.length === 0) assert.equal(statusOf(bot.state, running?.kind ?? null), this.#told);
  }

  #reserve({ reservation }: Change): void {
    if (!reservation) return;
    const { nodeId, delta } = reservation;
    const held = this.#nodes.get(nodeId) ?? NOTHING;
    this.#nodes.set(nodeId, {
      cpus: held.cpus + delta.cpus,
      memoryMb: held.memoryMb + delta.memoryMb,
      containers: held.containers + delta.containers,
    });
  }

  #check(change: Change, before: Operation | undefined): void {
    const alive = this.operations;
    const names = (operations: Operation[]): string[] => operations.map((each) => `${each.id} ${each.status}`);
    assert.deepEqual(names(change.operations), names(alive));
    assert.equal(new Set(alive.map((each) => each.seq)).size, alive.length);
    assert.equal(
      alive.slice(1).every((each) => each.status === 'queued'),
      true,
    );

    const { projected, targets } = fold(this.bot, alive);
    assert.equal(this.bot.projected, projected);
    assert.deepEqual(
      alive.map((each) => each.target),
      targets,
    );

    assert.deepEqual(this.bot.reserved, reservationOf(this.bot, alive));
    for (const [nodeId, held] of this.#nodes) {
      assert.deepEqual(held, nodeId === this.bot.nodeId ? this.bot.reserved : NOTHING);
    }
    if (alive.length > 0 || this.bot.state !== 'absent') assert.notEqual(this.bot.nodeId, null);

    // Exactly the head is rung, exactly when it gets there and may run.
    const head = this.head;
    const arrived = head?.status === 'queued' && (before?.id !== head.id || before.status !== 'queued');
    const rung = change.writes.filter((write) => write.rung).map((write) => write.operation.id);
    assert.deepEqual(rung, arrived && head.due ? [head.id] : []);
  }
}

/** Where the lane leads, step by step. */
function fold(bot: Bot, alive: Operation[]): { projected: ContainerState; targets: ContainerState[] } {
  let state = bot.state;
  const targets = alive.map((operation) => {
    const begun = operation.status === 'running' || operation.startedAt !== null;
    const step = begun ? { to: operation.target } : transition(state, operation);
    if (step === 'refused') throw new Error(`${operation.kind} waits behind ${state}, where it is refused`);
    if (step !== 'noop') state = step.to;
    return state;
  });
  return { projected: state, targets };
}
