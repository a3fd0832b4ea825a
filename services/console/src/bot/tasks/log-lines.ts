import type { LogLine } from '#client';

export interface Line extends LogLine {
  /** Counts from the first that was read. */
  at: number;
}
export interface Lines {
  /** Whole chunks but the last, so that what was painted is not painted again. */
  chunks: Line[][];
  count: number;
  leftOut: number;
}

export const CHUNK = 100;
/** The page holds no more than this of what a task wrote. */
const MOST = 5_000;
// Colours and other sequences for terminals, which this is not.
// eslint-disable-next-line no-control-regex
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])/g;

export const NO_LINES: Lines = { chunks: [], count: 0, leftOut: 0 };

/** The lines with more at their end; of too many the first are left out. */
export function addLines({ chunks, count, leftOut }: Lines, more: LogLine[]): Lines {
  const next = [...chunks];
  let at = count;
  for (const { stream, line } of more) {
    const last = next.at(-1);
    const shown = { stream, line: line.replace(ESCAPES, ''), at: at++ };
    if (!last || last.length >= CHUNK) next.push([shown]);
    // A chunk that was given out is not changed.
    else if (last === chunks.at(-1)) next[next.length - 1] = [...last, shown];
    else last.push(shown);
  }
  let without = leftOut;
  while (next.length > MOST / CHUNK) without += next.shift()?.length ?? 0;
  return { chunks: next, count: at, leftOut: without };
}
