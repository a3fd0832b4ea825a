import type { Container } from '#client';
import { useRef, useState } from 'react';
import { useSession } from '../session/session';
import { runBulk, type BulkVerb, type Outcome } from './bulk';

/** One command for many bots at a time, and its summary, whatever the list beneath shows meanwhile. */
export function useBulk(onEnd: () => void) {
  const { client } = useSession();
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [busy, setBusy] = useState(false);
  const isClosed = useRef(false);
  const run = (bots: Container[], verb: BulkVerb): void => {
    isClosed.current = false;
    setBusy(true);
    void runBulk(client, bots, verb, (told) => {
      if (!isClosed.current) setOutcome(told);
    }).finally(() => {
      setBusy(false);
      onEnd();
    });
  };
  const close = (): void => {
    isClosed.current = true;
    setOutcome(null);
  };
  return { outcome, busy, run, close };
}
