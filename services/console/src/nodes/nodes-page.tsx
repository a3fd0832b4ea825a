import { Alert, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { keys } from '../live/keys';
import { useSession } from '../session/session';
import { Empty } from '../ui/empty';
import { Loaded } from '../ui/loading';
import { AddNode } from './add-node';
import { NodeCard } from './node-card';

const EVERY_MS = 5_000;
const MOST = 100;

/** The Docker hosts, as they are every few seconds. */
export function NodesPage() {
  const { client } = useSession();
  const query = useQuery({
    queryKey: keys.nodes,
    queryFn: ({ signal }) => client.nodes.list({ limit: MOST }, { signal }),
    refetchInterval: EVERY_MS,
  });
  return (
    <Stack>
      <Title order={1} size="h2">
        Nodes
      </Title>
      {query.isError && query.data && (
        <Alert color="orange" variant="light" role="status" title="Not up to date">
          The nodes could not be asked for just now. This is tried again by itself.
        </Alert>
      )}
      <Loaded query={query}>
        {({ items, nextCursor }) =>
          items.length === 0 ? (
            <>
              <Empty title="No nodes yet">
                A node is a Docker host with one worker that drives it. Until there is one, what is asked of bots waits.
              </Empty>
              <AddNode opened />
            </>
          ) : (
            <>
              <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }}>
                {items.map((node) => (
                  <NodeCard key={node.id} node={node} />
                ))}
              </SimpleGrid>
              {nextCursor !== null && (
                <Text size="sm" c="dimmed">
                  The first {MOST} are shown.
                </Text>
              )}
              <AddNode />
            </>
          )
        }
      </Loaded>
    </Stack>
  );
}
