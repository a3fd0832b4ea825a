import type { BotEvent, Container, Operation } from '#client';

/** All bots that are known, by id. */
export type BotsById = Record<string, Container>;

export interface OperationsShown {
  filter: { botId?: string; status?: string[]; kind?: string[] };
  /** Newest first. */
  items: Operation[];
}

/** A container as it is after an event. One that is known already changes nothing. */
export function applyEvent(container: Container, event: BotEvent): Container {
  const { data, version, at } = event;
  if (data.container && data.container.version >= container.version) return data.container;
  if (version <= container.version) return container;
  const { operation } = data;
  const next: Container = { ...container, version, status: data.status, updatedAt: at };
  if (data.tasks !== undefined) next.tasks = data.tasks;
  if (data.exit !== undefined) next.exit = data.exit;
  if (!operation) return next;
  if (event.type === 'operation.started') next.operation = operation;
  else if (operation.finishedAt !== null && container.operation?.id === operation.id) next.operation = null;
  if (event.type === 'operation.failed') next.lastError = operation.error;
  return next;
}

export function applyToBots(bots: BotsById, events: BotEvent[]): BotsById {
  const next = { ...bots };
  for (const event of events) {
    const known = next[event.botId];
    if (known) next[event.botId] = applyEvent(known, event);
    else if (event.data.container) next[event.botId] = event.data.container;
  }
  return next;
}

/** A list of operations after events: those that changed in their places, new ones on top, where the filter takes them. */
export function applyToOperations(shown: OperationsShown, events: BotEvent[]): OperationsShown {
  let { items } = shown;
  for (const { data } of events) {
    const { operation } = data;
    if (!operation) continue;
    const at = items.findIndex(({ id }) => id === operation.id);
    if (at >= 0 && isOlder(operation, items[at])) continue;
    const without = at >= 0 ? items.toSpliced(at, 1) : items;
    if (!takes(shown.filter, operation)) items = without;
    else if (at >= 0) items = items.with(at, operation);
    else items = [operation, ...items].sort((a, b) => (a.id < b.id ? 1 : -1));
  }
  return items === shown.items ? shown : { ...shown, items };
}

const ORDER = ['queued', 'running', 'succeeded', 'failed', 'cancelled'];

/** A list that was read just now may be ahead of the events that are told. */
function isOlder(told: Operation, known: Operation | undefined): boolean {
  if (!known) return false;
  return known.finishedAt !== null && ORDER.indexOf(told.status) < ORDER.indexOf(known.status);
}

function takes({ botId, status, kind }: OperationsShown['filter'], operation: Operation): boolean {
  if (botId !== undefined && operation.botId !== botId) return false;
  if (status?.length && !status.includes(operation.status)) return false;
  return !kind?.length || kind.includes(operation.kind);
}
