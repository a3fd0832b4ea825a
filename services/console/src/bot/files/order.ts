import type { FileEntry } from '#client';

export type SortBy = 'name' | 'size' | 'modifiedAt';

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** Directories first, then by what was asked; what is equal in that, by name. */
export function ordered(entries: FileEntry[], by: SortBy, descending: boolean): FileEntry[] {
  const sign = descending ? -1 : 1;
  const byName = (a: FileEntry, b: FileEntry): number =>
    collator.compare(a.name, b.name) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  return entries.toSorted((a, b) => {
    const folders = Number(b.type === 'directory') - Number(a.type === 'directory');
    if (folders !== 0) return folders;
    if (by === 'name') return sign * byName(a, b);
    const difference =
      by === 'size' ? shownSize(a) - shownSize(b) : Date.parse(a.modifiedAt) - Date.parse(b.modifiedAt);
    return sign * difference || byName(a, b);
  });
}

/** Of a file: what a link or a folder takes itself is not what people ask for, and not shown. */
function shownSize({ type, size }: FileEntry): number {
  return type === 'file' ? size : 0;
}
