/** A part of a file. Bytes. */
export interface Range {
  first: number;
  bytes: number;
}

/**
 * The one range that a `Range` header asks of a file of `size` bytes; null where the whole is to be given: for several
 * ranges, and for what is none. `beyond` where nothing of the file is in it.
 */
export function rangeIn(header: string | undefined, size: number): Range | 'beyond' | null {
  const [, from = '', to = ''] = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header ?? '') ?? [];
  if (from === '' && to === '') return null;
  if (from === '') {
    const bytes = Math.min(Number(to), size);
    return bytes === 0 ? 'beyond' : { first: size - bytes, bytes };
  }
  const first = Number(from);
  const last = to === '' ? Infinity : Number(to);
  if (last < first) return null;
  if (first >= size) return 'beyond';
  return { first, bytes: Math.min(last, size - 1) - first + 1 };
}
