import { BerthClient, BerthError, type Whoami } from '#client';
import { QueryCache, QueryClient } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import { LiveCache } from '../live/live-cache';

const STORED = 'berth.token';

export type Scope = Whoami['scopes'][number];

/** Somebody who is signed in: what they may do, and all that is known through their key. It ends with the tab. */
export interface Session {
  client: BerthClient;
  who: Whoami;
  cache: QueryClient;
  live: LiveCache;
  may: (scope: Scope) => boolean;
  signOut: () => void;
}

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('nobody is signed in here');
  return session;
}

/** Throws BerthError where the token proves nobody. */
export async function openSession(
  token: string,
  { signOut, onRefused }: { signOut: () => void; onRefused: (error: unknown) => void },
): Promise<Session> {
  const client = new BerthClient({ url: '', token });
  const who = await client.whoami();
  const cache = new QueryClient({
    // A key that may not hear events learns of its end by what it asks.
    queryCache: new QueryCache({
      onError: (error) => {
        if (error instanceof BerthError && error.code === 'unauthenticated') onRefused(error);
      },
    }),
    defaultOptions: {
      // The client tries again by itself; live events keep what is shown fresh.
      queries: { retry: false, staleTime: 15_000, refetchOnWindowFocus: true },
      mutations: { retry: false },
    },
  });
  const scopes = new Set<string>(who.scopes);
  const live = new LiveCache(client.live(), cache);
  live.onRefused(onRefused);
  if (scopes.has('containers:read')) live.start();
  return { client, who, cache, live, may: (scope) => scopes.has(scope), signOut };
}

/** A key in the address, as `npm start` prints it, is taken out of it at once: it must not be shared or bookmarked. */
export function takeTokenFromAddress(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get('key');
  if (token === null) return null;
  history.replaceState(null, '', location.pathname + location.search);
  return token;
}

export function storedToken(): string | null {
  return sessionStorage.getItem(STORED);
}

export function storeToken(token: string | null): void {
  if (token === null) sessionStorage.removeItem(STORED);
  else sessionStorage.setItem(STORED, token);
}
