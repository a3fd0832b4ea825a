import { useQuery } from '@tanstack/react-query';
import { keys } from '../live/keys';
import { useSession } from '../session/session';

/** One bot's container, kept as it is by events. Throws `bot_not_found` into the query where there is none. */
export function useContainer(botId: string) {
  const { client, live } = useSession();
  return useQuery({
    queryKey: keys.container(botId),
    queryFn: async ({ signal }) => {
      await live.begun;
      return client.bots.container(botId).get({ signal });
    },
  });
}
