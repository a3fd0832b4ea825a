import type { Container } from '#client';
import { List, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { keys } from '../live/keys';
import type { OperationsShown } from '../live/apply';
import { useSession } from '../session/session';
import { kindOf } from '../ui/format';

const MOST = 20;

/** What waits behind the operation that runs, in the order in which it will. */
export function Waiting({ container }: { container: Container }) {
  const { client } = useSession();
  const { botId, queued } = container;
  const filter = { botId, status: ['queued'] };
  const { data } = useQuery({
    queryKey: [...keys.operationsOf(filter), 'waiting'],
    queryFn: async ({ signal }): Promise<OperationsShown> => {
      const { items } = await client.operations.list({ botId, status: 'queued', limit: MOST }, { signal });
      return { filter, items };
    },
    enabled: queued > 0,
  });
  const waiting = (data?.items ?? []).toReversed();
  if (queued === 0 || waiting.length === 0) return null;
  return (
    <div>
      <Text size="sm" c="dimmed">
        Then{queued > waiting.length && `, of ${queued}`}:
      </Text>
      <List size="sm" type="ordered">
        {waiting.map(({ id, kind, requestedBy }) => (
          <List.Item key={id}>
            <Link href={`/operations/${id}`}>{kindOf(kind)}</Link> <span className="quiet">for {requestedBy.name}</span>
          </List.Item>
        ))}
      </List>
    </div>
  );
}
