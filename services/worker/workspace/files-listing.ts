import { fileCursorOf, type FileEntry, type FileList } from '#contracts';
import { askFiles, type FileCall } from './files-program.js';
import { LIST } from './files-scripts.js';

const TYPE_BITS = 0o170_000;
const TYPES = new Map<number, FileEntry['type']>([
  [0o100_000, 'file'],
  [0o040_000, 'directory'],
  [0o120_000, 'symlink'],
]);
/** The latest time that a date can hold. Seconds. */
const LATEST = 8_640_000_000_000;

/** A page of a directory, which begins after the name `after`. */
export async function listFiles(call: FileCall, page: { limit: number; after: Buffer | null }): Promise<FileList> {
  const after = [...(page.after ?? [])].map((byte) => `\\0${byte.toString(8).padStart(3, '0')}`).join('');
  const { printed } = await askFiles(call, LIST, [call.path, String(page.limit), after]);
  const { entries, last } = readListing(printed);
  return { path: call.path, entries, nextCursor: last === null ? null : fileCursorOf(last) };
}

/** What LIST prints. */
export function readListing(printed: Buffer): { entries: FileEntry[]; last: Buffer | null } {
  const fields = fieldsOf(printed);
  const rest = fields.pop() ?? Buffer.alloc(0);
  const entries: FileEntry[] = [];
  for (let at = 0; at < fields.length; at += 1) {
    const lines = entriesIn((fields[at] ?? Buffer.alloc(0)).toString('latin1'));
    const targets = new Map<string, string>();
    for (at += 1; (fields[at]?.length ?? 0) > 0; at += 1) {
      const [name = '', ...target] = (fields[at]?.toString('latin1') ?? '').split('/');
      targets.set(name, textOf(target.join('/')));
    }
    for (const { name, ...entry } of lines) {
      const target = entry.type === 'symlink' ? targets.get(name) : undefined;
      entries.push({ name: textOf(name), ...entry, ...(target !== undefined && { target }) });
    }
  }
  return { entries, last: rest.length > 0 ? rest : null };
}

function fieldsOf(printed: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  let from = 0;
  for (let to = printed.indexOf(0); to >= 0; to = printed.indexOf(0, from)) {
    fields.push(printed.subarray(from, to));
    from = to + 1;
  }
  return [...fields, printed.subarray(from)];
}

/** Names in bytes, each as one character. */
function entriesIn(lines: string): FileEntry[] {
  return [...lines.matchAll(/([0-9a-f]+) (\d+) (-?\d+)(?:\.\d+)? \.\/([^/]+)\/\n/g)].map(
    ([, raw = '', size, seconds, name = '']) => {
      const mode = Number.parseInt(raw, 16);
      const time = Math.max(-LATEST, Math.min(LATEST, Number(seconds)));
      return {
        name,
        type: TYPES.get(mode & TYPE_BITS) ?? 'other',
        size: Number(size),
        mode: (mode & 0o7777).toString(8).padStart(4, '0'),
        modifiedAt: new Date(time * 1000).toISOString(),
      };
    },
  );
}

const textOf = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');
