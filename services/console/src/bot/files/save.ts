import type { Work } from './transfers';

/** What a browser holds in memory without harm, and saves without asking where. Bytes. */
export const SMALL = 64 * 1024 * 1024;

interface FileHandle {
  createWritable(): Promise<WritableStream<Uint8Array>>;
}
interface Picker {
  showSaveFilePicker(options: { suggestedName: string }): Promise<FileHandle>;
}

/** Whether this browser can write what arrives straight to a file. */
export function canStream(): boolean {
  return 'showSaveFilePicker' in globalThis;
}

/** Where to save, chosen by the user. Must be asked for within a click. Rejects with AbortError where none is chosen. */
export function chosenFile(name: string): Promise<FileHandle> {
  return (globalThis as unknown as Picker).showSaveFilePicker({ suggestedName: name });
}

/** Writes an answer to a file as it arrives: no more of it than a piece is in memory. */
export async function streamTo(handle: FileHandle, response: Response, work: Work): Promise<void> {
  if (!response.body) throw new TypeError('the answer has no body');
  const counting = response.body.pipeThrough(counter(response, work));
  await counting.pipeTo(await handle.createWritable(), { signal: work.signal });
}

/** Gathers an answer, then gives it to the browser's own downloads. */
export async function saveWhole(name: string, response: Response, work: Work): Promise<void> {
  if (!response.body) throw new TypeError('the answer has no body');
  const blob = await new Response(response.body.pipeThrough(counter(response, work))).blob();
  work.signal.throwIfAborted();
  const url = URL.createObjectURL(new Blob([blob], { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads it after this; nothing tells when it has.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function counter(response: Response, { onProgress }: Work): TransformStream<Uint8Array, Uint8Array> {
  const length = response.headers.get('content-length');
  const total = length === null ? null : Number(length);
  let moved = 0;
  return new TransformStream({
    transform(piece, controller) {
      moved += piece.byteLength;
      onProgress(moved, total);
      controller.enqueue(piece);
    },
  });
}
