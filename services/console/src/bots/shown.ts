import type { Container } from '#client';

export const SORTS = ['botId', 'status', 'image', 'node', 'tasks', 'updatedAt'] as const;
export type SortBy = (typeof SORTS)[number];

export const STATUSES: Container['status'][] = [
  'running',
  'stopped',
  'paused',
  'failed',
  'absent',
  'unknown',
  'creating',
  'starting',
  'stopping',
  'restarting',
  'pausing',
  'resuming',
  'restoring',
  'deleting',
];

/** The bots that are asked for, in the order that is asked for; by name where that decides nothing. */
export function shownBots(
  all: Record<string, Container>,
  { q, statuses, sort, descending }: { q: string; statuses: string[]; sort: SortBy; descending: boolean },
): Container[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = new Set(statuses);
  const found = Object.values(all).filter((bot) => {
    if (wanted.size > 0 && !wanted.has(bot.status)) return false;
    const text = `${bot.botId} ${bot.image?.ref ?? ''} ${bot.node ?? ''}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const direction = descending ? -1 : 1;
  return found.sort((a, b) => direction * compare(valueOf(a, sort), valueOf(b, sort)) || compare(a.botId, b.botId));
}

function valueOf(bot: Container, sort: SortBy): string | number {
  if (sort === 'image') return bot.image?.ref ?? '';
  if (sort === 'tasks') return bot.tasks;
  return bot[sort] ?? '';
}

function compare(a: string | number, b: string | number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
