import type { BerthClient } from '#client';
import { useSyncExternalStore } from 'react';
import { useSession } from '../../session/session';
import { Transfers } from './transfers';

/** By whom and of which bot: they end with the session, not with the page. */
const known = new WeakMap<BerthClient, Map<string, Transfers>>();

export function transfersOf(client: BerthClient, botId: string): Transfers {
  const byBot = known.get(client) ?? new Map<string, Transfers>();
  known.set(client, byBot);
  const transfers = byBot.get(botId) ?? new Transfers();
  if (!byBot.has(botId)) {
    byBot.set(botId, transfers);
    addEventListener('beforeunload', (event) => {
      if (transfers.underWay) event.preventDefault();
    });
  }
  return transfers;
}

export function useTransfers(botId: string) {
  const { client } = useSession();
  const transfers = transfersOf(client, botId);
  return { transfers, all: useSyncExternalStore(transfers.onChange, () => transfers.all) };
}
