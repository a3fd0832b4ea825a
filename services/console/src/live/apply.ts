import type { BotEvent, Container, Operation } from '#client';

/** All bots that are known, by id. */
export type BotsById = Record<string, Container>;

export interface OperationsShown {
  filter: { botId?: string; status?: string[]; kind?: string[] };
  /** Newest first. */
  items: Operation[];
  /** Where older ones begin that are not here yet; null where there are none. */
  nextCursor?: string | null;
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
    if (at >= 0 && newer(operation, items[at]) !== operation) continue;
    const without = at >= 0 ? items.toSpliced(at, 1) : items;
    if (!takes(shown.filter, operation)) items = without;
    else if (at >= 0) items = items.with(at, operation);
    else items = [operation, ...items].sort((a, b) => (a.id < b.id ? 1 : -1));
  }
  return items === shown.items ? shown : { ...shown, items };
}

const ORDER = ['queued', 'running', 'succeeded', 'failed', 'cancelled'];

/** Of two that were told of one operation the later: a list that was read just now may be ahead of the events. */
export function newer(told: Operation, known: Operation | undefined): Operation {
  if (!known) return told;
  const isOlder = known.finishedAt !== null && ORDER.indexOf(told.status) < ORDER.indexOf(known.status);
  return isOlder ? known : told;
}

/** What is shown with what was read: each as it was told last, newest first. */
export function addOperations(shown: OperationsShown, read: Operation[]): OperationsShown {
  const byId = new Map(shown.items.map((item) => [item.id, item]));
  for (const item of read) byId.set(item.id, newer(item, byId.get(item.id)));
  const items = [...byId.values()].filter((item) => takes(shown.filter, item));
  return { ...shown, items: items.sort((a, b) => (a.id < b.id ? 1 : -1)) };
}

/**
 * Events of one bot, oldest first, each once, with no gap: what lies before a gap is left out, since it would look as
 * if nothing had happened in between.
 */
export function addEvents(known: BotEvent[], more: BotEvent[]): BotEvent[] {
  const last = known.at(-1);
  if (last && more.every(({ version }, index) => version === last.version + 1 + index)) return [...known, ...more];
  const byVersion = new Map([...known, ...more].map((event) => [event.version, event]));
  const all = [...byVersion.values()].sort((a, b) => a.version - b.version);
  const gap = all.findLastIndex((event, index) => index > 0 && event.version !== (all[index - 1]?.version ?? 0) + 1);
  return gap > 0 ? all.slice(gap) : all;
}

function takes({ botId, status, kind }: OperationsShown['filter'], operation: Operation): boolean {
  if (botId !== undefined && operation.botId !== botId) return false;
  if (status?.length && !status.includes(operation.status)) return false;
  return !kind?.length || kind.includes(operation.kind);
}
