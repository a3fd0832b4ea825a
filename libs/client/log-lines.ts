import { BerthConnectionError } from './errors.js';
import { readStream } from './sse.js';

/** A line of output, without its end. */
export interface LogLine {
  stream: 'stdout' | 'stderr';
  line: string;
}

/**
 * Lines until the `end` that the stream tells, or until the signal.
 *
 * @internal
 */
export async function* followLines(
  signal: AbortSignal | undefined,
  open: (signal: AbortSignal) => Promise<Response>,
): AsyncGenerator<LogLine, void, undefined> {
  try {
    for await (const { event, data } of readStream(open, { signal })) {
      if (event === 'end') return;
      if ((event === 'stdout' || event === 'stderr') && data !== null) yield { stream: event, line: data };
    }
  } catch (error) {
    if (signal?.aborted) return;
    throw error;
  }
  throw new BerthConnectionError('The logs broke off before their end.');
}
