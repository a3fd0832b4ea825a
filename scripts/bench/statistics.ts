/** What a series of durations comes to. Milliseconds. */
export interface Summary {
  n: number;
  p50: number;
  p99: number;
}

export function summarise(durations: number[]): Summary {
  const sorted = [...durations].sort((a, b) => a - b);
  return { n: sorted.length, p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
}

/** By nearest rank. */
function quantile(sorted: number[], q: number): number {
  const rank = Math.max(0, Math.ceil(q * sorted.length) - 1);
  return round(sorted[rank] ?? Number.NaN);
}

export const round = (value: number): number => Math.round(value * 100) / 100;

export async function timed(run: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await run();
  return performance.now() - begun;
}

/** Runs a task for each item, so many at once; milliseconds for all together. */
export async function inParallel<T>(items: T[], width: number, task: (item: T) => Promise<unknown>): Promise<number> {
  const queue = [...items];
  return timed(() =>
    Promise.all(
      Array.from({ length: width }, async () => {
        for (let item = queue.shift(); item !== undefined; item = queue.shift()) await task(item);
      }),
    ),
  );
}
