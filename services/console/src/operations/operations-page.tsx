import { Button, Group, Stack, Text, Title } from '@mantine/core';
import { useMemo } from 'react';
import { useLocation, useSearch, useSearchParams } from 'wouter';
import type { OperationsShown } from '../live/apply';
import { Empty } from '../ui/empty';
import { LoadOlder } from '../ui/load-older';
import { Loaded, Loading } from '../ui/loading';
import { Problem } from '../ui/problem';
import { Rows } from '../ui/rows';
import { filterOf, Filters } from './filters';
import { OperationDrawer } from './operation-drawer';
import { OperationRow } from './operation-row';
import { useOperations } from './use-operations';

/** All that was asked of bots, live. What is shown of it stands in the address, and so does the one that is looked at. */
export function OperationsPage({ id }: { id?: string | undefined }) {
  const [params] = useSearchParams();
  const search = useSearch();
  const [, go] = useLocation();
  const filter = useMemo(() => filterOf(params), [params]);
  const { query, loadOlder } = useOperations(filter);
  const address = (to?: string): string => `/operations${to ? `/${to}` : ''}${search ? `?${search}` : ''}`;
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  return (
    <Stack gap="sm">
      <Title order={1} size="h2">
        Operations
      </Title>
      <Filters />
      <Loaded query={query}>
        {(shown) => (
          <Found
            shown={shown}
            error={query.error}
            isLoading={query.isFetching}
            isFiltered={isFiltered}
            address={address}
            onAll={() => go('/operations', { replace: true })}
            onOlder={loadOlder}
          />
        )}
      </Loaded>
      {id !== undefined && <OperationDrawer key={id} id={id} onClose={() => go(address())} />}
    </Stack>
  );
}

interface FoundProps {
  shown: OperationsShown;
  error: unknown;
  isLoading: boolean;
  isFiltered: boolean;
  address: (to?: string) => string;
  onAll: () => void;
  onOlder: (cursor: string) => Promise<void>;
}

function Found({ shown: { items, nextCursor }, error, isLoading, isFiltered, address, onAll, onOlder }: FoundProps) {
  if (items.length === 0) {
    if (error != null) return <Problem error={error} />;
    if (isLoading) return <Loading />;
    return isFiltered ? (
      <Empty
        title="None of the operations is like that"
        action={
          <Button variant="default" onClick={onAll}>
            Show all
          </Button>
        }
      >
        The filters leave nothing over. What comes to fit them appears here by itself.
      </Empty>
    ) : (
      <Empty title="No operations yet">
        Whatever changes a container or a snapshot is an operation: it is kept before it is answered, runs in its order,
        and is shown here with who asked for it and what became of it.
      </Empty>
    );
  }
  const open = items.filter(({ finishedAt }) => finishedAt === null).length;
  return (
    <>
      <Group justify="space-between">
        <Text size="sm" c="dimmed" role="status">
          {items.length} shown{open > 0 && `, ${open} queued or running`}
        </Text>
      </Group>
      <Rows kind="operations" label="Operations">
        {items.map((operation) => (
          <OperationRow key={operation.id} operation={operation} href={address(operation.id)} />
        ))}
      </Rows>
      <LoadOlder onLoad={nextCursor ? () => onOlder(nextCursor) : null} end="There are no older ones." />
    </>
  );
}
