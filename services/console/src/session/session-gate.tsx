import { BerthError } from '#client';
import { Center, Loader } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState, type ReactNode } from 'react';
import { openSession, SessionContext, storedToken, storeToken, takeTokenFromAddress, type Session } from './session';
import { SignIn } from './sign-in';

type State = { at: 'opening' } | { at: 'out'; error: unknown } | { at: 'in'; session: Session };

/** Lets somebody in by a key: from the address, from this tab's session, or typed. */
export function SessionGate({ children }: { children: ReactNode }) {
  const [state, setState] = useState<State>({ at: 'opening' });
  const current = useRef<Session | null>(null);

  const leave = useCallback((error: unknown) => {
    storeToken(null);
    current.current?.live.stop();
    current.current?.cache.clear();
    current.current = null;
    setState({ at: 'out', error });
  }, []);

  const enter = useCallback(
    async (token: string) => {
      try {
        const session = await openSession(token, { signOut: () => leave(null), onRefused: leave });
        current.current?.live.stop();
        current.current = session;
        storeToken(token);
        setState({ at: 'in', session });
      } catch (error) {
        // A service that is away for a moment is no reason to forget the key.
        if (error instanceof BerthError && error.code === 'unauthenticated') storeToken(null);
        setState({ at: 'out', error });
      }
    },
    [leave],
  );

  const begun = useRef(false);
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    const token = takeTokenFromAddress() ?? storedToken();
    if (token === null) setState({ at: 'out', error: null });
    else void enter(token);
    // The link may be opened in a tab that shows the console already: only the fragment changes then.
    addEventListener('hashchange', () => {
      const next = takeTokenFromAddress();
      if (next !== null) void enter(next);
    });
  }, [enter]);

  if (state.at === 'opening') {
    return (
      <Center h="100vh" role="status" aria-label="Signing in">
        <Loader />
      </Center>
    );
  }
  if (state.at === 'out') return <SignIn error={state.error} onToken={enter} known={storedToken()} />;
  return (
    <SessionContext.Provider value={state.session}>
      <QueryClientProvider client={state.session.cache}>{children}</QueryClientProvider>
    </SessionContext.Provider>
  );
}
