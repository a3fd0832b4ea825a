/** As many samples at once do not crowd out what people do: a browser has six connections, and an engine takes a second. */
const WIDTH = 2;
let running = 0;
const waiting: (() => void)[] = [];

/** Runs a few at once; those whose signal was given meanwhile are left out. */
export async function inTurn<T>(signal: AbortSignal, run: () => Promise<T>): Promise<T> {
  if (running >= WIDTH) await new Promise<void>((resolve) => waiting.push(resolve));
  running += 1;
  try {
    signal.throwIfAborted();
    return await run();
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}
