import type { Snapshot, SnapshotRestore } from '#client';
import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import type { Session } from '../../session/session';
import { notifyDone, notifyFailed } from '../../ui/notify';

type Scope = NonNullable<SnapshotRestore['scope']>;

/** The last restore that was asked for here and has succeeded: kept until it is dismissed, whatever page is open. */
export interface Restored {
  name: string;
  scope: Scope;
  at: string;
  /** What was there before; null where no safety snapshot was taken. */
  safetyId: string | null;
}

const key = (botId: string): readonly unknown[] => ['restored', botId];

export function useRestored(botId: string): [Restored | null, () => void] {
  const cache = useQueryClient();
  const { data } = useQuery<Restored | null>({
    queryKey: key(botId),
    queryFn: () => null,
    enabled: false,
    gcTime: Infinity,
  });
  return [data ?? null, () => cache.setQueryData(key(botId), null)];
}

/** Asks for a restore. Resolves when it is accepted; how it ended is told when it has, on any page. */
export async function restore(
  session: Session,
  { id, botId, name }: Pick<Snapshot, 'id' | 'botId' | 'name'>,
  { scope, safetySnapshot }: { scope: Scope; safetySnapshot: boolean },
): Promise<void> {
  const { client, cache } = session;
  const accepted = await client.bots.snapshots(botId).restore(id, { scope, safetySnapshot });
  client.operations.wait(accepted).then(
    ({ result, finishedAt }) => {
      const safetyId = (result as { safetySnapshotId?: string | null } | null)?.safetySnapshotId ?? null;
      keep(cache, botId, { name, scope, safetyId, at: finishedAt ?? new Date().toISOString() });
      notifyDone(`${botId} is as it was in “${name}”.`);
    },
    (error: unknown) => notifyFailed(`“${name}” was not restored; ${botId} is as it was before`, error),
  );
}

function keep(cache: QueryClient, botId: string, restored: Restored): void {
  // Its default time to be forgotten would take the way back along while another page is open.
  cache.setQueryDefaults(key(botId), { gcTime: Infinity });
  cache.setQueryData<Restored | null>(key(botId), restored);
}
