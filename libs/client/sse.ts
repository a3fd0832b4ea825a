import { BerthConnectionError, wordsOf } from './errors.js';

/** One block of a stream of server-sent events. */
export interface SseMessage {
  /** `message` where it has no name. */
  event: string;
  /** Of this block; undefined where it has none. */
  id?: string;
  /** Null where the block tells an id alone. */
  data: string | null;
}

/** Takes text in pieces, cut anywhere, and gives the blocks that are whole. */
export class SseParser {
  #rest = '';
  #message: { event: string; id?: string; data: string[] } = { event: '', data: [] };
  /** The last piece ended with a CR: an LF that follows belongs to it. */
  #afterCr = false;
  #begun = false;

  push(piece: string): SseMessage[] {
    let text = piece;
    if (!this.#begun && text !== '') {
      this.#begun = true;
      text = text.replace(/^\uFEFF/, '');
    }
    if (this.#afterCr && text !== '') {
      this.#afterCr = false;
      if (text.startsWith('\n')) text = text.slice(1);
    }
    if (text.endsWith('\r')) this.#afterCr = true;
    const lines = (this.#rest + text).split(/\r\n|\r|\n/);
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#take(line));
  }

  #take(line: string): SseMessage[] {
    if (line === '') return this.#end();
    const colon = line.indexOf(':');
    if (colon === 0) return [];
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') this.#message.event = value;
    else if (name === 'data') this.#message.data.push(value);
    else if (name === 'id' && !value.includes('\0')) this.#message.id = value;
    return [];
  }

  #end(): SseMessage[] {
    const { event, id, data } = this.#message;
    this.#message = { event: '', data: [] };
    if (data.length === 0 && id === undefined) return [];
    const told = { event: event || 'message', data: data.length === 0 ? null : data.join('\n') };
    return [id === undefined ? told : { ...told, id }];
  }
}

/**
 * The messages of a stream as they come. `open` connects; what it opened ends with whoever reads. A stream that says
 * nothing for `silenceMs`, not even a comment, is taken for dead. Throws BerthError.
 */
export async function* readStream(
  open: (signal: AbortSignal) => Promise<Response>,
  { signal, silenceMs = Infinity }: { signal?: AbortSignal; silenceMs?: number },
): AsyncGenerator<SseMessage, void, undefined> {
  const controller = new AbortController();
  const stop = (): void => controller.abort(signal?.reason);
  signal?.addEventListener('abort', stop);
  if (signal?.aborted) stop();
  try {
    const body: ReadableStream<Uint8Array> | null = (await open(controller.signal)).body;
    const reader = body?.getReader();
    if (!reader) return;
    const decoder = new TextDecoder();
    const parser = new SseParser();
    for (;;) {
      const { done, value } = await within(silenceMs, reader.read());
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    controller.abort();
  }
}

function within<T>(ms: number, reading: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new BerthConnectionError(`The stream has been silent for ${ms} ms.`));
    const timer = ms === Infinity ? undefined : setTimeout(late, ms);
    reading
      .then(resolve, (error: unknown) => reject(new BerthConnectionError(`The stream broke: ${wordsOf(error)}`, error)))
      .finally(() => clearTimeout(timer));
  });
}
