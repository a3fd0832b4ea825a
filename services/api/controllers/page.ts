import { cursorOf, type List } from '#contracts';

/** One page of a list that was asked for one item more than it shows. */
export function toPage<T>(
  list: List,
  items: T[],
  limit: number,
  idOf: (item: T) => string,
): { items: T[]; nextCursor: string | null } {
  const shown = items.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown, nextCursor: items.length > limit && last ? cursorOf(list, idOf(last)) : null };
}
