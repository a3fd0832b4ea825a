/** How long an abort is kept from a change that the engine is making. Milliseconds; a worker's own end allows for it. */
export const LINGER_MS = 2_000;

/**
 * Asks the engine for a change that it makes in a moment. One that was asked for cannot be taken back, so it is given
 * time to end before an abort cuts it off: its outcome is then known. Lost to somebody else, it is cut off at once.
 */
export async function lingering<T>(signal: AbortSignal, change: (signal: AbortSignal) => Promise<T>): Promise<T> {
  if (signal.aborted) return change(signal);
  const late = new AbortController();
  const cut = (): void => late.abort(signal.reason);
  let timer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    if (signal.reason === 'lost') cut();
    else timer = setTimeout(cut, LINGER_MS);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await change(late.signal);
  } finally {
    signal.removeEventListener('abort', onAbort);
    clearTimeout(timer);
  }
}
