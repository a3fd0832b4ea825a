import type { BerthClient } from '#client';
import { BerthError } from '#client';

/** A longer text is not edited in a page. Bytes. */
export const MAX_TEXT = 1024 * 1024;
const MAX_IMAGE = 5 * 1024 * 1024;
const IMAGES: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  svg: 'image/svg+xml',
};

export type Content =
  | { kind: 'text'; text: string; modified: string | null }
  | { kind: 'image'; size: number; url: string }
  | { kind: 'binary'; size: number }
  | { kind: 'large'; size: number };

/** What a file holds, as far as it can be shown. */
export async function contentOf(
  client: BerthClient,
  botId: string,
  path: string,
  signal?: AbortSignal,
): Promise<Content> {
  const response = await client.bots.files(botId).read(path, { signal });
  const size = Number(response.headers.get('content-length') ?? 0);
  const type = IMAGES[path.slice(path.lastIndexOf('.') + 1).toLowerCase()];
  if (size > (type === undefined ? MAX_TEXT : MAX_IMAGE)) {
    await response.body?.cancel();
    return { kind: 'large', size };
  }
  const bytes = await response.arrayBuffer();
  // An image of letters is looked at as an image; it is drawn without running what may be in it.
  if (type !== undefined)
    return { kind: 'image', size: bytes.byteLength, url: await dataUrl(new Blob([bytes], { type })) };
  const text = textOf(bytes);
  if (text === null) return { kind: 'binary', size: bytes.byteLength };
  return { kind: 'text', text, modified: response.headers.get('last-modified') };
}

/** The page's policy lets images be in its own text alone, not in objects that it made. */
function dataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error ?? new Error('the image could not be read'));
    reader.readAsDataURL(blob);
  });
}

/** Bytes as text; null where they are none that could be written back as they were. */
export function textOf(bytes: ArrayBuffer): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}

/** When a file was last changed, as its answer says; null where that is not known. */
export async function modifiedOf(client: BerthClient, botId: string, path: string): Promise<string | null> {
  try {
    const response = await client.bots.files(botId).read(path, { range: { from: 0, to: 0 } });
    await response.body?.cancel();
    return response.headers.get('last-modified');
  } catch (error) {
    if (error instanceof BerthError && NO_BYTE.has(error.code)) return null;
    throw error;
  }
}

/** It is empty, or gone: there is nothing that could be lost. */
const NO_BYTE = new Set<string>(['range_not_satisfiable', 'file_not_found']);

export type LineEnd = 'lf' | 'crlf' | 'mixed';

/** How lines end: a text field knows `\n` alone, and the file should come back as it was. */
export function lineEndOf(text: string): LineEnd {
  const all: string[] = text.match(/\r\n|\r|\n/g) ?? [];
  const windows = all.filter((end) => end === '\r\n').length;
  if (windows === 0 && !all.includes('\r')) return 'lf';
  return windows === all.length ? 'crlf' : 'mixed';
}

export function edited(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}

export function written(text: string, end: LineEnd): string {
  return end === 'crlf' ? text.replaceAll('\n', '\r\n') : text;
}
