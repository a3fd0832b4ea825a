import type { Operation, OperationQuery } from '#client';
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { addOperations, type OperationsShown } from '../live/apply';
import { keys } from '../live/keys';
import { useSession } from '../session/session';

const PAGE = 50;
/** Events tell of all that happens; this finds what a race between them and a reading might have hidden. */
const LOOK_MS = 30_000;

export interface OperationFilter {
  botId?: string | undefined;
  status?: Operation['status'] | undefined;
  kind?: Operation['kind'] | undefined;
}

/** Operations, newest first, kept as they are by events; and how older ones are added. */
export function useOperations({ botId, status, kind }: OperationFilter): {
  query: UseQueryResult<OperationsShown>;
  loadOlder: (cursor: string) => Promise<void>;
} {
  const { client, cache, live } = useSession();
  const filter = { ...(botId && { botId }), ...(status && { status: [status] }), ...(kind && { kind: [kind] }) };
  const queryKey = keys.operationsOf(filter);
  const asked: OperationQuery = { limit: PAGE, botId, status, kind };
  const known = (): OperationsShown =>
    cache.getQueryData<OperationsShown>(queryKey) ?? { filter, items: [], nextCursor: null };
  const query = useQuery({
    queryKey,
    staleTime: LOOK_MS,
    refetchInterval: LOOK_MS,
    queryFn: async ({ signal }): Promise<OperationsShown> => {
      await live.begun;
      const before = known();
      // At once, so that events that come meanwhile find a list that they can change.
      if (before.items.length === 0) cache.setQueryData(queryKey, before);
      const page = await client.operations.list(asked, { signal });
      // Older pages stay, with where they end.
      const isLonger = before.items.length > PAGE;
      return { ...addOperations(known(), page.items), nextCursor: isLonger ? before.nextCursor : page.nextCursor };
    },
  });
  const loadOlder = async (cursor: string): Promise<void> => {
    const page = await client.operations.list({ ...asked, cursor });
    cache.setQueryData<OperationsShown>(queryKey, {
      ...addOperations(known(), page.items),
      nextCursor: page.nextCursor,
    });
  };
  return { query, loadOlder };
}

/** One operation, live. */
export function useOperation(id: string) {
  const { client, cache, live } = useSession();
  return useQuery({
    queryKey: keys.operation(id),
    queryFn: async ({ signal }) => {
      await live.begun;
      return client.operations.get(id, { signal });
    },
    initialData: () =>
      cache
        .getQueriesData<OperationsShown>({ queryKey: keys.operations })
        .flatMap(([, shown]) => shown?.items ?? [])
        .find((operation) => operation.id === id),
    initialDataUpdatedAt: 0,
  });
}
