import type { Readable } from 'node:stream';

/** Far above any line of the engine; a longer one means that the stream is not what it should be. */
const MAX_LINE_CHARS = 1024 * 1024;

/** Objects of a newline-delimited JSON stream. Lines that do not parse are skipped. Throws on a line beyond 1 MiB. */
export async function* readJsonLines(stream: Readable): AsyncGenerator<Record<string, unknown>> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_CHARS) throw new Error('A line of the stream is too long.');
    for (const line of lines) {
      const value = parseObject(line);
      if (value) yield value;
    }
  }
  const last = parseObject(rest + decoder.decode());
  if (last) yield last;
}

function parseObject(line: string): Record<string, unknown> | null {
  if (line.trim() === '') return null;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
