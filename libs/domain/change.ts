import type { Bot, BotEvent, Change, Lane, Operation, OperationWrite, Reservation } from './bot.js';
import type { Snapshot, SnapshotFacts, SnapshotWrite } from './snapshot.js';
import { beginSnapshots, endSnapshots } from './snapshot-lane.js';
import { statusOf } from './status.js';
import { endOfTasks } from './task-end.js';
import type { EndedTask, Task, TaskEnd, TaskWrite } from './task.js';
import { transition } from './transitions.js';
import type { ContainerState, EventType, OperationError, Status } from './vocabulary.js';

interface Announcement {
  type: EventType;
  operation?: Operation | undefined;
  snapshot?: Snapshot | null;
  task?: Task | EndedTask | null;
}

/**
 * Collects what one decision does to a bot and its lane. Every planner (accept, claim, settle, observe,
 * cancel, expire) builds its result here, so versions, events, projection and reservations follow one rule.
 */
export class ChangeBuilder {
  readonly #lane: Lane;
  readonly #isNewBot: boolean;
  #bot: Bot;
  #operations: Operation[];
  readonly #writes = new Map<string, OperationWrite>();
  readonly #announcements: Announcement[] = [];
  readonly #tasks: TaskWrite[] = [];
  readonly #snapshots = new Map<string, SnapshotWrite>();
  #captured: Record<string, SnapshotFacts> = {};

  constructor(lane: Lane, options: { isNewBot?: boolean } = {}) {
    this.#lane = lane;
    this.#isNewBot = options.isNewBot ?? false;
    this.#bot = lane.bot;
    this.#operations = [...lane.operations];
  }

  get bot(): Bot {
    return this.#bot;
  }

  get waiting(): Operation[] {
    return this.#operations.filter((operation) => operation.status === 'queued');
  }

  get running(): Operation | null {
    return this.#operations.find((operation) => operation.status === 'running') ?? null;
  }

  updateBot(facts: Partial<Bot>): this {
    this.#bot = { ...this.#bot, ...facts };
    return this;
  }

  /** Of the bot's snapshots that the lane concerns, as this change leaves them. */
  snapshot(id: string): Snapshot | null {
    const written = this.#snapshots.get(id);
    if (written) return written.write === 'remove' ? null : written.snapshot;
    return this.#lane.snapshots.find((each) => each.id === id) ?? null;
  }

  writeSnapshot(write: SnapshotWrite['write'], snapshot: Snapshot): this {
    const kept = this.#snapshots.get(snapshot.id)?.write === 'insert' && write === 'update' ? 'insert' : write;
    this.#snapshots.set(snapshot.id, { write: kept, snapshot });
    return this;
  }

  announceSnapshot(type: Extract<EventType, `snapshot.${string}`>, operation: Operation, snapshot: Snapshot): this {
    this.#announcements.push({ type, operation, snapshot });
    return this;
  }

  startTask(task: Task): this {
    const { id, name, startedAt } = task;
    this.updateBot({ tasks: [...this.#bot.tasks, { id, name, startedAt }] });
    this.#tasks.push({ write: 'insert', task });
    this.#announcements.push({ type: 'task.started', task });
    return this;
  }

  endTask(id: string, end: TaskEnd): this {
    const task = this.#bot.tasks.find((each) => each.id === id);
    if (!task) return this;
    const ended: EndedTask = { ...task, ...end };
    this.updateBot({ tasks: this.#bot.tasks.filter((each) => each.id !== id) });
    this.#tasks.push({ write: 'end', task: ended });
    this.#announcements.push({ type: 'task.exited', task: ended });
    return this;
  }

  /** What the engine has told of snapshots that were made on the way, whatever became of the operation. */
  captured(facts: Record<string, SnapshotFacts>): this {
    this.#captured = facts;
    return this;
  }

  append(operation: Operation): this {
    this.#operations.push(operation);
    this.#write(operation, { isNew: true });
    this.#announcements.push({ type: 'operation.queued', operation });
    return this;
  }

  /** Changes an operation's row; announces it where a type is given. */
  update(
    id: string,
    facts: Partial<Operation>,
    options: { announce?: EventType; leaseSeconds?: number; dueInMs?: number } = {},
  ): this {
    const before = this.#operations.find((operation) => operation.id === id);
    if (!before) throw new Error(`operation ${id} is not in the lane`);
    const operation = { ...before, ...facts };
    this.#operations = this.#operations.map((each) => (each.id === id ? operation : each));
    this.#write(operation, { leaseSeconds: options.leaseSeconds, dueInMs: options.dueInMs });
    if (options.announce) this.#announcements.push({ type: options.announce, operation });
    if (options.announce === 'operation.started') beginSnapshots(this, operation, this.#lane.now);
    if (operation.finishedAt !== null && before.finishedAt === null) endSnapshots(this, operation, this.#captured);
    return this;
  }

  cancelWaiting(operation: Operation, error: OperationError): this {
    return this.update(
      operation.id,
      { status: 'cancelled', error, finishedAt: this.#lane.now },
      { announce: 'operation.cancelled' },
    );
  }

  /**
   * Walks the lane from the state it starts at, cancels what has become impossible, and keeps where it ends
   * as the projected state. One that was begun and waits for another try leads where it led: what half of it has
   * done neither makes it needless nor impossible.
   */
  reproject(impossible: (operation: Operation, state: ContainerState) => OperationError): this {
    const running = this.running;
    let state = running ? running.target : this.#bot.state;
    for (const operation of this.waiting) {
      const step = operation.startedAt === null ? transition(state, operation) : { to: operation.target };
      if (step === 'refused') {
        this.cancelWaiting(operation, impossible(operation, state));
      } else {
        state = step === 'noop' ? state : step.to;
        if (operation.target !== state) this.update(operation.id, { target: state });
      }
    }
    return this.updateBot({ projected: state });
  }

  build(): Change {
    const end = this.#bot.tasks.length > 0 ? endOfTasks(this.#lane.bot, this.#bot) : null;
    if (end) for (const { id } of this.#bot.tasks) this.endTask(id, end);
    const before = this.#status(this.#lane.bot, this.#lane.operations);
    const after = this.#status(this.#bot, this.#operations);
    const events: BotEvent[] = [];
    let version = this.#lane.bot.version;
    const announce = ({ type, operation: announced, snapshot = null, task = null }: Announcement): void => {
      version += 1;
      const operation = this.#operations.find((each) => each.id === announced?.id) ?? null;
      const position = operation ? this.#position(operation) : 0;
      // The first one brings the whole change: those that follow begin where it has led.
      const previousStatus = events.length === 0 ? before : after;
      events.push({ version, type, status: after, previousStatus, operation, position, snapshot, task });
    };
    for (const announcement of this.#announcements) announce(announcement);
    if (before !== after || this.#factsDiffer()) {
      announce({ type: 'container.status', operation: this.#concerned() ?? undefined });
    }

    const reserved = reservationOf(this.#bot, this.#operations);
    const delta: Reservation = {
      cpus: reserved.cpus - this.#bot.reserved.cpus,
      memoryMb: reserved.memoryMb - this.#bot.reserved.memoryMb,
      containers: reserved.containers - this.#bot.reserved.containers,
    };
    const moves = delta.cpus !== 0 || delta.memoryMb !== 0 || delta.containers !== 0;
    const changed = events.length > 0;
    const bot = { ...this.#bot, version, reserved, updatedAt: changed ? this.#lane.now : this.#bot.updatedAt };
    const reservation = moves && bot.nodeId !== null ? { nodeId: bot.nodeId, delta } : null;

    const alive = this.#operations.filter((o) => o.status === 'queued' || o.status === 'running');
    this.#ringNewHead(alive);
    const empty = bot.state === 'absent' && bot.projected === 'absent' && !bot.hasData && !this.#lane.hasSnapshots;
    const givenUp = alive.length === 0 && empty;
    return {
      expectVersion: this.#isNewBot ? null : this.#lane.bot.version,
      // A bot that is given up entirely may be placed anew next time.
      bot: givenUp ? { ...bot, nodeId: null } : bot,
      operations: alive,
      writes: [...this.#writes.values()],
      events,
      snapshots: [...this.#snapshots.values()],
      tasks: this.#tasks,
      descends: bot.currentSnapshotId !== this.#lane.bot.currentSnapshotId,
      reservation,
    };
  }

  /** Adds to what was written of it before in this change. */
  #write(operation: Operation, options: { isNew?: boolean; leaseSeconds?: number; dueInMs?: number }): void {
    const earlier = this.#writes.get(operation.id);
    this.#writes.set(operation.id, {
      operation,
      isNew: options.isNew ?? earlier?.isNew ?? false,
      leaseSeconds: options.leaseSeconds ?? earlier?.leaseSeconds ?? null,
      dueInMs: options.dueInMs ?? earlier?.dueInMs ?? 0,
      rung: false,
    });
  }

  /** A doorbell is for the head of the lane, when it gets there and may run at once. */
  #ringNewHead(alive: Operation[]): void {
    const head = alive[0];
    if (head?.status !== 'queued') return;
    const before = this.#lane.operations[0];
    if (before?.id === head.id && before.status === 'queued') return;
    if ((this.#writes.get(head.id)?.dueInMs ?? 0) > 0) return;
    this.#write({ ...head, dispatch: head.dispatch + 1 }, {});
    const ringing = this.#writes.get(head.id);
    if (ringing) ringing.rung = true;
  }

  #position(operation: Operation): number {
    return this.#operations.filter(
      (each) => (each.status === 'queued' || each.status === 'running') && (each.seq ?? 0) < (operation.seq ?? 0),
    ).length;
  }

  #status(bot: Bot, operations: Operation[]): Status {
    return statusOf(bot.state, operations.find((operation) => operation.status === 'running')?.kind ?? null);
  }

  /** The operation a change of status is about: the one that runs, else the one this change ended. */
  #concerned(): Operation | null {
    return this.running ?? this.#announcements.find(({ operation }) => operation)?.operation ?? null;
  }

  #factsDiffer(): boolean {
    const [a, b] = [this.#lane.bot, this.#bot];
    return (
      a.containerId !== b.containerId || a.startedAt !== b.startedAt || a.settings !== b.settings || !sameExit(a, b)
    );
  }
}

function sameExit(a: Bot, b: Bot): boolean {
  return a.exit?.at === b.exit?.at && a.exit?.code === b.exit?.code && a.exit?.oomKilled === b.exit?.oomKilled;
}

/** What a node must keep free for a bot: its container's share, or that of one on its way, whichever is larger. */
export function reservationOf(bot: Bot, operations: Operation[]): Reservation {
  const claims = operations
    .filter((operation) => operation.status === 'queued' || operation.status === 'running')
    .flatMap(({ params }) => {
      if (params.settings) return [params.settings.resources];
      return params.resources && bot.settings ? [{ ...bot.settings.resources, ...params.resources }] : [];
    });
  if (bot.state !== 'absent' && bot.settings) claims.push(bot.settings.resources);
  if (claims.length === 0) return { cpus: 0, memoryMb: 0, containers: 0 };
  return {
    cpus: Math.max(...claims.map((claim) => claim.cpus)),
    memoryMb: Math.max(...claims.map((claim) => claim.memoryMb)),
    containers: 1,
  };
}

/** A lane as a change leaves it, once that is committed. */
export function laneAfter(lane: Lane, { bot, operations, snapshots }: Change): Lane {
  const kept = lane.snapshots.filter(({ id }) => !snapshots.some((write) => write.snapshot.id === id));
  const written = snapshots.filter(({ write }) => write !== 'remove').map(({ snapshot }) => snapshot);
  return {
    ...lane,
    bot,
    operations,
    snapshots: [...kept, ...written],
    hasSnapshots: lane.hasSnapshots || written.length > 0,
  };
}
