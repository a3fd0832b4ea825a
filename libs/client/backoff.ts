const FIRST_MS = 200;
const LONGEST_MS = 10_000;

/** How long to wait before attempt `failures + 1`: longer each time, and never two clients alike. Milliseconds. */
export function backoffMs(failures: number, retryAfterSeconds: number | null = null): number {
  const full = Math.min(FIRST_MS * 2 ** failures, LONGEST_MS);
  return Math.max(full / 2 + (Math.random() * full) / 2, (retryAfterSeconds ?? 0) * 1000);
}

/** Resolves when the time is over or the signal is given, whichever is first. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}
