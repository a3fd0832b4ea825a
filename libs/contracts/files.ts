import { z } from 'zod';
import { queryBoolean, queryInt, text, time } from './fields.js';
import { containerPath } from './workspace.js';

/** Longest name within a directory. Bytes. */
export const MAX_NAME_BYTES = 255;
/** What belongs to the kernel. */
const KERNEL = ['proc', 'sys', 'dev'];

/** A path as it is without what means nothing: `/a//b/./c/` is `/a/b/c`, and the root is `/`. */
export function plainPath(path: string): string {
  return `/${namesIn(path).join('/')}`;
}

function namesIn(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

const filePath = containerPath.refine(
  (path) => namesIn(path).every((name) => Buffer.byteLength(name) <= MAX_NAME_BYTES),
  `must have no name longer than ${MAX_NAME_BYTES} bytes`,
);

/** Of what is read as bytes. The kernel's own files have no size and may have no end. */
const readablePath = filePath.refine(
  (path) => !['proc', 'sys'].includes(namesIn(path)[0] ?? ''),
  'must not be in /proc or /sys: read what is there with a command',
);

/** Of what is made, changed, moved or deleted. */
const writablePath = filePath
  .refine((path) => namesIn(path).length > 0, 'must not be the root')
  .refine((path) => !KERNEL.includes(namesIn(path)[0] ?? ''), 'must not be in /proc, /sys or /dev');

/** `files:` and the name that the page ended with, whose bytes may be no text. */
export function fileCursorOf(name: Buffer): string {
  return Buffer.concat([Buffer.from('files:'), name]).toString('base64url');
}

/** The name in such a cursor; null where it is none. */
export function nameInCursor(cursor: string): Buffer | null {
  const bytes = Buffer.from(cursor, 'base64url');
  const name = bytes.subarray(6);
  const isName = name.length > 0 && name.length <= MAX_NAME_BYTES && !name.includes(0) && !name.includes('/');
  return isName && fileCursorOf(name) === cursor ? name : null;
}

export const fileListQuery = z.strictObject({
  path: filePath.describe('A directory. A link to one is followed.'),
  limit: queryInt(1, 1000).default(50).describe('Entries on a page.'),
  cursor: text(512)
    .refine((given) => nameInCursor(given) !== null, 'must be a cursor that a page of this list carried')
    .optional()
    .describe('The `nextCursor` of the page before.'),
});
export type FileListQuery = z.output<typeof fileListQuery>;

export const FILE_TYPES = ['file', 'directory', 'symlink', 'other'] as const;

const fileEntry = z
  .object({
    name: z.string().describe('Bytes that are no UTF-8 are shown as U+FFFD.'),
    type: z.enum(FILE_TYPES),
    size: z.int().describe('Bytes.'),
    mode: z.string().describe('Octal, such as `0644`.'),
    modifiedAt: time,
    target: z.string().optional().describe('Of a link, where the image has `readlink`.'),
  })
  .meta({ id: 'FileEntry' });
export type FileEntry = z.output<typeof fileEntry>;

export const fileList = z
  .object({
    path: z.string(),
    entries: z.array(fileEntry).describe('Names that begin with a dot first, then the others, each by their bytes.'),
    nextCursor: z.string().nullable().describe('Where the next page begins; null on the last one.'),
  })
  .meta({ id: 'FileList' });
export type FileList = z.output<typeof fileList>;

export const contentQuery = z.strictObject({ path: readablePath.describe('A file. A link to one is followed.') });
export const writeQuery = z.strictObject({ path: writablePath });
export const archiveQuery = z.strictObject({ path: writablePath.describe('A file or a directory.') });

export const fileDeleteQuery = z.strictObject({
  path: writablePath.describe('A link is deleted, not what it points to.'),
  recursive: queryBoolean.default(false).describe('A directory with all that is in it.'),
});

export const directoryBody = z.strictObject({ path: writablePath }).meta({ id: 'DirectoryCreate' });
export const directorySchema = z.object({ path: z.string() }).meta({ id: 'Directory' });
export type DirectoryView = z.output<typeof directorySchema>;

export const moveBody = z
  .strictObject({ from: writablePath, to: writablePath })
  .refine(
    ({ from, to }) => !`${plainPath(to)}/`.startsWith(`${plainPath(from)}/`) || plainPath(from) === plainPath(to),
    { path: ['to'], message: 'must not be within `from`' },
  )
  .meta({ id: 'FileMove' });
export const movedSchema = z.object({ from: z.string(), to: z.string() }).meta({ id: 'FileMoved' });
export type FileMoved = z.output<typeof movedSchema>;

export const writtenSchema = z
  .object({ path: z.string(), size: z.int().describe('Bytes.') })
  .meta({ id: 'FileWritten' });
export type FileWritten = z.output<typeof writtenSchema>;

export const unpackedSchema = z
  .object({
    path: z.string(),
    entries: z.int().describe('Entries of the archive.'),
    size: z.int().describe('Bytes of its files.'),
  })
  .meta({ id: 'ArchiveUnpacked' });
export type ArchiveUnpacked = z.output<typeof unpackedSchema>;
