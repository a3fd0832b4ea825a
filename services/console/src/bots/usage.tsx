import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { keys } from '../live/keys';
import { useSession } from '../session/session';
import { bytes, percent } from '../ui/format';
import { inTurn } from './in-turn';

const EVERY_MS = 15_000;

/** What a running container uses, asked for while its row is in sight. */
export function Usage({ botId }: { botId: string }) {
  const { client } = useSession();
  const { data } = useQuery({
    queryKey: keys.stats(botId),
    queryFn: ({ signal }) => inTurn(signal, () => client.bots.container(botId).stats({ signal })),
    refetchInterval: EVERY_MS,
    staleTime: EVERY_MS,
  });
  if (!data) return <span className="quiet">…</span>;
  return (
    <Text component="span" size="sm">
      {percent(data.cpuPercent)}, {bytes(data.memoryBytes)}
    </Text>
  );
}
