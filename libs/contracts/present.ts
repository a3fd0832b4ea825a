import type { Bot, BotEvent, Exit, Lane, Operation, Snapshot } from '#domain';
import { statusOf } from '#domain';
import type { ContainerView } from './container.js';
import type { EventView } from './event.js';
import type { OperationView } from './operation.js';
import type { SnapshotView } from './snapshot.js';
import { presentTaskSummary } from './task.js';

/** An operation as callers see it. `position` is how many of the bot's operations stand before it. */
export function presentOperation(operation: Operation, position: number, joined = false): OperationView {
  return {
    id: operation.id,
    botId: operation.botId,
    kind: operation.kind,
    status: operation.status,
    position,
    phase: operation.phase,
    progress: operation.progress,
    attempt: operation.attempt,
    joined,
    noop: operation.noop,
    params: presentParams(operation),
    result: operation.result,
    error: operation.error,
    requestedBy: operation.requestedBy,
    createdAt: operation.createdAt,
    startedAt: operation.startedAt,
    finishedAt: operation.finishedAt,
  };
}

/** What was asked for, with what it resolved to. */
function presentParams({ params: { settings, ...rest } }: Operation): Record<string, unknown> {
  return { ...rest, ...settings };
}

/** A container as callers see it. */
export function presentContainer({ bot, operations }: Pick<Lane, 'bot' | 'operations'>): ContainerView {
  const running = operations.find((operation) => operation.status === 'running') ?? null;
  return {
    botId: bot.botId,
    status: statusOf(bot.state, running?.kind ?? null),
    version: bot.version,
    containerId: bot.containerId,
    image: bot.image,
    node: bot.nodeId,
    paths: bot.paths,
    tasks: bot.tasks.length,
    resources: bot.settings?.resources ?? null,
    env: bot.settings?.env ?? [],
    network: bot.settings?.network ?? null,
    labels: bot.settings?.labels ?? {},
    autoStopSeconds: bot.settings?.autoStopSeconds ?? 0,
    currentSnapshotId: bot.currentSnapshotId,
    operation: running && presentOperation(running, 0),
    queued: operations.filter((operation) => operation.status === 'queued').length,
    lastError: bot.lastError,
    exit: bot.exit && presentExit(bot.exit),
    createdAt: bot.containerCreatedAt ?? bot.createdAt,
    startedAt: bot.startedAt,
    updatedAt: bot.updatedAt,
  };
}

/** A snapshot as callers see it. */
export function presentSnapshot(snapshot: Snapshot, place: Pick<SnapshotView, 'childCount' | 'current'>): SnapshotView {
  return {
    id: snapshot.id,
    botId: snapshot.botId,
    name: snapshot.name,
    description: snapshot.description,
    status: snapshot.status,
    parentId: snapshot.parentId,
    childCount: place.childCount,
    scope: snapshot.scope,
    origin: snapshot.origin,
    sizeBytes: snapshot.sizeBytes,
    dataSizeBytes: snapshot.dataSizeBytes,
    layers: snapshot.layers,
    freezeMs: snapshot.freezeMs,
    current: place.current,
    node: snapshot.nodeId,
    error: snapshot.error,
    createdAt: snapshot.createdAt,
  };
}

function presentExit({ code, oomKilled, at, cause }: Exit): NonNullable<ContainerView['exit']> {
  return { code, oomKilled, at, cause };
}

/** What an event says; the store adds its cursor and time. */
export function presentEventData(event: BotEvent, after: { bot: Bot; operations: Operation[] }): EventView['data'] {
  return {
    status: event.status,
    previousStatus: event.previousStatus,
    ...(event.operation && { operation: presentOperation(event.operation, event.position) }),
    ...(event.snapshot && {
      snapshot: presentSnapshot(event.snapshot, {
        childCount: 0,
        current: after.bot.currentSnapshotId === event.snapshot.id,
      }),
    }),
    ...(event.task && { task: presentTaskSummary(event.task), tasks: after.bot.tasks.length }),
    ...(event.type === 'container.status' && {
      container: presentContainer(after),
      ...(after.bot.exit && { exit: presentExit(after.bot.exit) }),
    }),
  };
}
