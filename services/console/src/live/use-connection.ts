import { useSyncExternalStore } from 'react';
import { useSession } from '../session/session';

/** How the live connection is. */
export function useConnection() {
  const { live } = useSession();
  return useSyncExternalStore(live.onConnection, () => live.connection);
}
