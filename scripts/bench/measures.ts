import type { BerthClient } from './berth.js';
import { compare } from './compared.js';
import type { RawDocker } from './raw.js';
import { inParallel, round, summarise, timed, type Summary } from './statistics.js';

export interface Throughput {
  width: number;
  /** Containers created and started a second. */
  rawPerSecond: number;
  berthPerSecond: number;
  ratio: number;
}

const names = (prefix: string, n: number): string[] => Array.from({ length: n }, (_, i) => `${prefix}-${i}`);

/** One container on each side, started and stopped in turn, so that both meet the same machine. */
export async function startAndStop(raw: RawDocker, berth: BerthClient, run: string, n: number) {
  const bot = `${run}-turn`;
  const rawName = `berth-bench-${run}-turn`;
  const id = await raw.create(rawName);
  await berth.until('stopped', bot, '', { start: false });
  const starts = { raw: [] as number[], berth: [] as number[] };
  const stops = { raw: [] as number[], berth: [] as number[] };
  // The first turn warms both sides up.
  for (let turn = 0; turn <= n; turn += 1) {
    const measured = {
      rawStart: await timed(() => raw.start(id)),
      rawStop: await timed(() => raw.stop(id)),
      berthStart: await timed(() => berth.until('running', bot, '/start')),
      berthStop: await timed(() => berth.until('stopped', bot, '/stop')),
    };
    if (turn === 0) continue;
    starts.raw.push(measured.rawStart);
    starts.berth.push(measured.berthStart);
    stops.raw.push(measured.rawStop);
    stops.berth.push(measured.berthStop);
  }
  await raw.remove(rawName);
  await berth.delete(bot);
  return { start: compare(starts.raw, starts.berth), stop: compare(stops.raw, stops.berth) };
}

/** Batches of new containers on either side in turn, the order changing from round to round. */
export async function createAndStart(
  raw: RawDocker,
  berth: BerthClient,
  run: string,
  options: { width: number; batch: number; rounds: number },
): Promise<Throughput> {
  const { width, batch, rounds } = options;
  const spent = { raw: 0, berth: 0 };
  for (let round_ = 0; round_ < rounds; round_ += 1) {
    const rawBatch = names(`berth-bench-${run}-${width}-${round_}`, batch);
    const berthBatch = names(`${run}-${width}-${round_}`, batch);
    const sides = [
      async () => {
        spent.raw += await inParallel(rawBatch, width, async (name) => raw.start(await raw.create(name)));
        await inParallel(rawBatch, 4, (name) => raw.remove(name));
      },
      async () => {
        spent.berth += await inParallel(berthBatch, width, (bot) => berth.until('running', bot, '', { start: true }));
        await inParallel(berthBatch, 4, (bot) => berth.delete(bot));
      },
    ];
    for (const side of round_ % 2 === 0 ? sides : sides.reverse()) await side();
  }
  const perSecond = (ms: number): number => round((batch * rounds * 1000) / ms);
  const [rawPerSecond, berthPerSecond] = [perSecond(spent.raw), perSecond(spent.berth)];
  return { width, rawPerSecond, berthPerSecond, ratio: round(berthPerSecond / rawPerSecond) };
}

/** Requests a second that are committed and answered, with no worker to run them. */
export async function accepts(
  berth: BerthClient,
  run: string,
  options: { n: number; width: number; verb: 'create' | 'start' },
): Promise<{ perSecond: number; latency: Summary }> {
  const latencies: number[] = [];
  const verb = options.verb === 'create' ? '' : '/start';
  const ms = await inParallel(names(`${run}-accept`, options.n), options.width, async (bot) => {
    latencies.push(await timed(() => berth.post(`/v1/bots/${bot}/container${verb}`, {})));
  });
  return { perSecond: round((options.n * 1000) / ms), latency: summarise(latencies) };
}

export async function reads(berth: BerthClient, path: (i: number) => string, n: number): Promise<Summary> {
  const latencies: number[] = [];
  for (let i = 0; i < n; i += 1) latencies.push(await timed(() => berth.get(path(i))));
  return summarise(latencies);
}
