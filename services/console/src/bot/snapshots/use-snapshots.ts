import type { Snapshot } from '#client';
import { useQuery } from '@tanstack/react-query';
import { keys } from '../../live/keys';
import { useSession } from '../../session/session';

/** All snapshots of a bot, kept as they are by events. */
export function useSnapshots(botId: string) {
  const { client, live } = useSession();
  return useQuery({
    queryKey: keys.snapshots(botId),
    queryFn: async ({ signal }) => {
      await live.begun;
      const all: Snapshot[] = [];
      for await (const snapshot of client.bots.snapshots(botId).all({ limit: 100 }, { signal })) all.push(snapshot);
      return all;
    },
  });
}
