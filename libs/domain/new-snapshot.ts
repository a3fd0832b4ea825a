import type { Bot } from './bot.js';
import type { Snapshot } from './snapshot.js';

/** A snapshot that is about to be made of a bot's container. */
export function newSnapshot(
  bot: Bot,
  given: Pick<Snapshot, 'id' | 'name' | 'description' | 'scope' | 'origin'>,
  now: string,
): Snapshot {
  return {
    ...given,
    parentId: bot.currentSnapshotId,
    tenantId: bot.tenantId,
    botKey: bot.key,
    botId: bot.botId,
    nodeId: bot.nodeId ?? '',
    status: 'creating',
    image: bot.settings?.image ?? null,
    volumes: [],
    sizeBytes: 0,
    dataSizeBytes: 0,
    layers: 0,
    freezeMs: 0,
    error: null,
    createdAt: now,
  };
}

/** Names a safety snapshot by what it was taken before; unique by its time, at most 128 characters. */
export function safetyName(restored: string, now: string): string {
  const shown = restored.length > 80 ? `${restored.slice(0, 79)}…` : restored;
  return `Before restore of ${shown} at ${now}`;
}
