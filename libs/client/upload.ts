import type { Asked } from './http.js';
import type { ChangeOptions, Fetch } from './options.js';

/** What can be written. A stream is read once, so its upload is never tried again. */
export type UploadBody = Blob | Uint8Array | ArrayBuffer | string | ReadableStream<Uint8Array>;

export interface UploadOptions extends ChangeOptions {
  /** Bytes that were sent so far, and of how many; null where that is not known. */
  onProgress?: (sent: number, total: number | null) => void;
}

/** @internal */
type Sent = Pick<Asked<'writeFile'>, 'options' | 'headers' | 'repeat' | 'upload' | 'fetch'>;

/**
 * How a body is sent, with its progress where that is asked for.
 *
 * @internal
 */
export function uploadOf(body: UploadBody, { onProgress, ...options }: UploadOptions = {}): Sent {
  const headers = { 'content-type': 'application/octet-stream' };
  if (body instanceof ReadableStream) {
    const upload = (): unknown => (onProgress ? counted(body, null, onProgress) : body);
    return { options, headers, repeat: 'never', upload };
  }
  if (!onProgress) return { options, headers, upload: () => body };
  if (typeof (globalThis as Partial<Browser>).XMLHttpRequest === 'function') {
    return { options, headers, upload: () => body, fetch: byXhr(onProgress) };
  }
  // A browser's types take no bytes of shared memory, Node's do; both make a Blob of them.
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-assertion
  const blob = body instanceof Blob ? body : new Blob([body as ArrayBuffer | string]);
  return { options, headers, upload: () => counted(blob.stream(), blob.size, onProgress) };
}

/** The same stream, its bytes counted as they are taken. */
function counted(
  stream: ReadableStream<Uint8Array>,
  total: number | null,
  onProgress: (sent: number, total: number | null) => void,
): ReadableStream<Uint8Array> {
  let sent = 0;
  const reader = stream.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) return controller.close();
        sent += value.byteLength;
        onProgress(sent, total);
        controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

interface Xhr {
  upload: { onprogress: ((event: { loaded: number; total: number; lengthComputable: boolean }) => void) | null };
  onload: (() => void) | null;
  onerror: (() => void) | null;
  onabort: (() => void) | null;
  readonly status: number;
  readonly response: ArrayBuffer;
  responseType: string;
  open(method: string, url: string): void;
  setRequestHeader(name: string, value: string): void;
  getAllResponseHeaders(): string;
  send(body: unknown): void;
  abort(): void;
}
interface Browser {
  XMLHttpRequest: new () => Xhr;
}

/** A `fetch` for uploads alone: in browsers nothing else tells how much was sent. */
function byXhr(onProgress: (sent: number, total: number | null) => void): Fetch {
  return (url, init) =>
    new Promise((resolve, reject) => {
      const xhr = new (globalThis as unknown as Browser).XMLHttpRequest();
      const abort = (): void => xhr.abort();
      const end = (): void => init.signal?.removeEventListener('abort', abort);
      xhr.open(init.method ?? 'PUT', url);
      xhr.responseType = 'arraybuffer';
      for (const [name, value] of Object.entries(init.headers as Record<string, string>)) {
        xhr.setRequestHeader(name, value);
      }
      xhr.upload.onprogress = ({ loaded, total, lengthComputable }) =>
        onProgress(loaded, lengthComputable ? total : null);
      xhr.onload = () => {
        end();
        const lines = xhr.getAllResponseHeaders().trim().split(/\r?\n/);
        const headers = lines.map((line): [string, string] => {
          const colon = line.indexOf(':');
          return [line.slice(0, colon), line.slice(colon + 1).trim()];
        });
        resolve(new Response(xhr.response, { status: xhr.status, headers }));
      };
      xhr.onerror = () => {
        end();
        reject(new TypeError('the upload broke off'));
      };
      xhr.onabort = () => {
        end();
        reject(new DOMException('the upload was given up', 'AbortError'));
      };
      init.signal?.addEventListener('abort', abort);
      if (init.signal?.aborted) abort();
      else xhr.send(init.body);
    });
}
