import type { Container } from '#client';
import { useQuery } from '@tanstack/react-query';
import type { BotsById } from '../live/apply';
import { keys } from '../live/keys';
import { useSession } from '../session/session';

const PAGE = 100;

/** All bots, page by page as they come; from then on events keep them as they are. */
export function useBots() {
  const { client, cache, live } = useSession();
  return useQuery({
    queryKey: keys.bots,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    queryFn: async ({ signal }): Promise<BotsById> => {
      await live.begun;
      let cursor: string | undefined;
      do {
        const page = await client.bots.list({ limit: PAGE, cursor }, { signal });
        // At once, so that events that come meanwhile find what they change.
        cache.setQueryData<BotsById>(keys.bots, (known) => merged(known ?? {}, page.items));
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      return cache.getQueryData<BotsById>(keys.bots) ?? {};
    },
  });
}

function merged(known: BotsById, items: Container[]): BotsById {
  const next = { ...known };
  for (const item of items) {
    const before = next[item.botId];
    if (!before || before.version <= item.version) next[item.botId] = item;
  }
  return next;
}
