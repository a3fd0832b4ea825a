import type { Readable } from 'node:stream';
import { DEADLINE_MS, withDeadline } from './deadline.js';
import type { EngineConnection } from './engine-connection.js';
import { FrameReader } from './frames.js';
import type { LogChunk } from './port.js';

export interface LogsOptions {
  tail: number;
  follow: boolean;
  signal: AbortSignal;
}

/** Output of the main process, as fast as it is read and no faster. Ends without an error when the signal aborts. */
export async function* readLogs(engine: EngineConnection, id: string, options: LogsOptions): AsyncGenerator<LogChunk> {
  if (options.signal.aborted) return;
  const query = { stdout: true, stderr: true, tail: options.tail, follow: options.follow };
  try {
    const opened = await engine.openStream(
      'logs',
      { deadlineMs: DEADLINE_MS.stream, signal: options.signal },
      async (abortSignal) => {
        // `follow` outside the query only tells dockerode not to collect the answer in memory.
        const request = { follow: true as const, _query: query, abortSignal };
        return engine.docker.getContainer(id).logs(request);
      },
    );
    try {
      // What is not followed must keep coming; what is followed may be silent for days.
      const source = options.follow ? opened.stream : untilIdle(opened.stream, opened.signal);
      for await (const chunk of demultiplex(source as AsyncIterable<Buffer>)) {
        if (options.signal.aborted) return;
        yield chunk;
      }
    } finally {
      opened.close();
    }
  } catch (error) {
    if (!options.signal.aborted) throw error;
  }
}

async function* untilIdle(stream: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  const chunks = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  for (;;) {
    const options = { call: 'logs', deadlineMs: DEADLINE_MS.idle, signals: [signal] };
    const next = await withDeadline(options, () => chunks.next());
    if (next.done) return;
    yield next.value;
  }
}

/** What `FrameReader` reads, as it comes. */
export async function* demultiplex(source: AsyncIterable<Buffer>): AsyncGenerator<LogChunk> {
  const frames = new FrameReader();
  let chunks: LogChunk[] = [];
  for await (const bytes of source) {
    frames.read(bytes, (stream, data) => chunks.push({ stream, data }));
    yield* chunks;
    chunks = [];
  }
  frames.end();
}
