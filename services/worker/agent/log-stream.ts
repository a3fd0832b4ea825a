import type { LogChunk } from '#runtime';
import { StringDecoder } from 'node:string_decoder';

/** A line longer than this is told in parts, so that no output can hold memory. Characters. */
const LINE_LIMIT = 16_384;

/** The main process's output as it was written, both streams together. */
export async function* logText(chunks: AsyncIterable<LogChunk>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield chunk.data;
}

/** Lines as server-sent events `stdout` and `stderr`, then `end` when the container has ended. */
export async function* logEvents(chunks: AsyncIterable<LogChunk>): AsyncGenerator<string> {
  // Written at once, so that a client knows that it is connected before the first line.
  yield ': following\n\n';
  const streams = { stdout: new LineSplitter(), stderr: new LineSplitter() };
  for await (const { stream, data } of chunks) {
    for (const line of streams[stream].push(data)) yield event(stream, line);
  }
  for (const stream of ['stdout', 'stderr'] as const) {
    const rest = streams[stream].end();
    if (rest !== '') yield event(stream, rest);
  }
  yield 'event: end\ndata: {}\n\n';
}

const event = (name: string, line: string): string => `event: ${name}\ndata: ${line.replaceAll('\r', '')}\n\n`;

class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  push(data: Buffer): string[] {
    const lines = (this.#rest + this.#decoder.write(data)).split('\n');
    const rest = parts(lines.pop() ?? '');
    this.#rest = rest.pop() ?? '';
    return [...lines.flatMap(parts), ...rest];
  }

  end(): string {
    return this.#rest + this.#decoder.end();
  }
}

/** A line in pieces of at most the limit, none of which ends within a character. */
function parts(line: string): string[] {
  const pieces: string[] = [];
  let from = 0;
  while (line.length - from > LINE_LIMIT) {
    const last = line.charCodeAt(from + LINE_LIMIT - 1);
    const withinPair = last >= 0xd800 && last <= 0xdbff;
    const to = from + LINE_LIMIT - (withinPair ? 1 : 0);
    pieces.push(line.slice(from, to));
    from = to;
  }
  return [...pieces, line.slice(from)];
}
