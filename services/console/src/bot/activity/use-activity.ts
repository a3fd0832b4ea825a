import type { BotEvent } from '#client';
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useState } from 'react';
import { addEvents } from '../../live/apply';
import { keys } from '../../live/keys';
import { useSession } from '../../session/session';

const PAGE = 100;

/** A bot's events, oldest first, from some way back until now; and how older ones are added. */
export function useActivity(botId: string): {
  query: UseQueryResult<BotEvent[]>;
  /** Null where there are no older ones, or they are no longer kept. */
  loadOlder: (() => Promise<void>) | null;
} {
  const { client, cache, live } = useSession();
  const queryKey = keys.events(botId);
  const known = (): BotEvent[] => cache.getQueryData<BotEvent[]>(queryKey) ?? [];
  /** Before this version nothing is kept. */
  const [horizon, setHorizon] = useState(1);
  const query = useQuery({
    queryKey,
    queryFn: async ({ signal }) => {
      await live.begun;
      // At once, so that events that come meanwhile are not lost.
      cache.setQueryData<BotEvent[]>(queryKey, known());
      const { version } = await client.bots.container(botId).get({ signal });
      const from = Math.max(0, version - PAGE);
      // Those that happen meanwhile come live.
      const { items } = await client.bots.events(botId, { after: from, limit: PAGE }, { signal });
      if (items[0] && items[0].version > from + 1) setHorizon(items[0].version);
      return addEvents(known(), items);
    },
  });
  const first = query.data?.[0]?.version ?? 1;
  const loadOlder = async (): Promise<void> => {
    const after = Math.max(0, first - 1 - PAGE);
    const { items } = await client.bots.events(botId, { after, limit: Math.min(PAGE, first - 1 - after) });
    const older = items.filter(({ version }) => version < first);
    // What was forgotten meanwhile leaves a gap at the beginning.
    setHorizon((before) => (older[0]?.version === after + 1 ? before : (older[0]?.version ?? first)));
    cache.setQueryData<BotEvent[]>(queryKey, addEvents(older, known()));
  };
  return { query, loadOlder: first > horizon ? loadOlder : null };
}
