import type { Sweep } from '#operations';
import type { Log } from '#platform';

const PERIOD_MS = 1_000;

/** Sweeps once a second, one sweep at a time. Returns how to stop. */
export function startSweeping(sweep: Sweep, log: Log): () => Promise<void> {
  let stopped = false;
  let wake: () => void = () => undefined;
  const done = (async () => {
    while (!stopped) {
      await sweep.run().catch((error: unknown) => log.warn({ err: error }, 'a sweep failed; the next one goes on'));
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, PERIOD_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
        if (stopped) wake();
      });
    }
  })();
  return () => {
    stopped = true;
    wake();
    return done;
  };
}
