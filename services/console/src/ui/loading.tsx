import { Center, Loader, Stack, Text } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { useEffect, useState, type ReactNode } from 'react';
import { Problem } from './problem';

const SLOW_MS = 4_000;

/** What a query has brought; until then that it is under way, and what is wrong where it is. Never a spinner without end. */
export function Loaded<T>({ query, children }: { query: UseQueryResult<T>; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.isError) return <Problem error={query.error} onRetry={() => void query.refetch()} />;
  return <Loading />;
}

export function Loading() {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <Center py="xl">
      <Stack align="center" gap="xs" role="status" aria-label="Loading">
        <Loader size="sm" />
        {slow && <Text c="dimmed">This takes longer than usual. It goes on by itself.</Text>}
      </Stack>
    </Center>
  );
}
