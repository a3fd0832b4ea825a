import type { Readable } from 'node:stream';
import { DEADLINE_MS, withDeadline } from './deadline.js';
import type { EngineConnection } from './engine-connection.js';
import { RuntimeFailure } from './failure.js';
import type { LogChunk } from './port.js';

const HEADER_BYTES = 8;
const STDERR = 2;
/** The engine's own complaint, in the middle of the log. */
const SYSTEM_ERROR = 3;

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

/**
 * Splits the engine's multiplexed stream: frames of an 8-byte header (stream number, 3 zeros, length) and a payload. Parts of a
 * frame are passed on as they come, so that memory does not depend on its length.
 */
export async function* demultiplex(source: AsyncIterable<Buffer>): AsyncGenerator<LogChunk> {
  let header: Buffer = Buffer.alloc(0);
  let streamNumber = 0;
  let left = 0;
  for await (const chunk of source) {
    let rest = chunk;
    while (rest.length > 0) {
      if (left === 0) {
        const missing = HEADER_BYTES - header.length;
        header = Buffer.concat([header, rest.subarray(0, missing)]);
        rest = rest.subarray(missing);
        if (header.length < HEADER_BYTES) break;
        streamNumber = header.readUInt8(0);
        left = header.readUInt32BE(4);
        header = Buffer.alloc(0);
        if (streamNumber > SYSTEM_ERROR) throw malformed('The log is not multiplexed.');
        continue;
      }
      const data = rest.subarray(0, left);
      rest = rest.subarray(data.length);
      left -= data.length;
      if (streamNumber === SYSTEM_ERROR) throw malformed(data.toString('utf8'));
      yield { stream: streamNumber === STDERR ? 'stderr' : 'stdout', data };
    }
  }
  if (left > 0 || header.length > 0) throw malformed('The log ended within a frame.');
}

function malformed(cause: string): RuntimeFailure {
  return new RuntimeFailure('docker_error', 'The log could not be read.', { retryable: true, cause: new Error(cause) });
}
