import { round, summarise, type Summary } from './statistics.js';

export interface Compared {
  raw: Summary;
  berth: Summary;
  /** Berth's p50 to that of raw Docker. */
  ratio: number;
}

export function compare(raw: number[], berth: number[]): Compared {
  const [a, b] = [summarise(raw), summarise(berth)];
  return { raw: a, berth: b, ratio: round(b.p50 / a.p50) };
}
