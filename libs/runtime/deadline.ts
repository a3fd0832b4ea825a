import { RuntimeFailure } from './failure.js';

/** How long a call to the engine may take, in milliseconds. `stop` comes on top of the container's own grace period. */
export const DEADLINE_MS = {
  ping: 2_000,
  info: 2_000,
  inspect: 5_000,
  list: 10_000,
  create: 30_000,
  start: 60_000,
  stop: 20_000,
  kill: 20_000,
  pause: 20_000,
  remove: 60_000,
  volume: 30_000,
  network: 15_000,
  stats: 5_000,
  /** Until a program has begun. */
  exec: 30_000,
  /** Until a stream's headers arrive. */
  stream: 10_000,
  pull: 900_000,
  /** A commit, or the end of an import once all bytes were sent. */
  image: 600_000,
  /** What is tidied up after a call; else a sweep does it. */
  tidy: 10_000,
  /** Without a byte of a pull or of a log that is not followed. */
  idle: 60_000,
} as const;

/** The engine gave no answer in time. What it did is unknown: whoever catches this inspects before acting again. */
export class DeadlineExceeded extends Error {
  constructor(
    readonly call: string,
    readonly deadlineMs: number,
  ) {
    super(`${call} gave no answer within ${deadlineMs} ms`);
    this.name = 'DeadlineExceeded';
  }
}

export function abortedFailure(): RuntimeFailure {
  return new RuntimeFailure('aborted', 'The call was given up.', { retryable: true });
}

export interface DeadlineOptions {
  call: string;
  deadlineMs: number;
  /** Each ends the call with `aborted`. */
  signals: (AbortSignal | undefined)[];
}

/**
 * Runs a call with a deadline of its own, raced: a dockerode promise can stay pending for ever, even where its
 * signal has aborted. Throws DeadlineExceeded, or a RuntimeFailure `aborted` when one of the signals fires.
 */
export async function withDeadline<T>(options: DeadlineOptions, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signals = options.signals.filter((signal) => signal !== undefined);
  if (signals.some((signal) => signal.aborted)) throw abortedFailure();
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let onAbort: () => void = () => undefined;
  const ended = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(abortedFailure());
    timer = setTimeout(() => reject(new DeadlineExceeded(options.call, options.deadlineMs)), options.deadlineMs);
  });
  // Not AbortSignal.any: on Node 20 it keeps every derived signal alive as long as its longest-lived source.
  for (const signal of signals) signal.addEventListener('abort', onAbort, { once: true });
  const call = run(controller.signal);
  let answered = false;
  const answer = call.then((value) => {
    answered = true;
    return value;
  });
  try {
    return await Promise.race([answer, ended]);
  } finally {
    clearTimeout(timer);
    for (const signal of signals) signal.removeEventListener('abort', onAbort);
    answer.catch(() => undefined);
    ended.catch(() => undefined);
    // An abort of what is over costs an error with its stack for each of its streams.
    if (!answered) controller.abort();
  }
}

/** Waits, or throws `aborted` as soon as the signal fires. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) throw abortedFailure();
  await new Promise<void>((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(abortedFailure());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
