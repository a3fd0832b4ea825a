const BLOCK = 512;
const GNU_MAGIC = 'ustar  \0';

/** An entry as a tar describes it. Names in bytes, each as one character. */
export interface TarEntry {
  name: string;
  type: string;
  link: string;
  sizeBytes: number;
  mode: number;
  uid: number;
  gid: number;
  /** Seconds. */
  mtime: number;
}

/** Records of a pax header that are understood here. */
type PaxField = 'path' | 'linkpath' | 'size' | 'uid' | 'gid' | 'mtime';
export type Pax = Partial<Record<PaxField, string>>;
const PAX_FIELDS: readonly string[] = ['path', 'linkpath', 'size', 'uid', 'gid', 'mtime'] satisfies PaxField[];

/** A header block. Throws where it is none. */
export function readHeader(block: Buffer): TarEntry {
  if (numberAt(block, 148, 8) !== checksum(block)) throw new Error('it is no tar, or damaged');
  const isPosix = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isPosix ? textAt(block, 345, 155) : '';
  const name = textAt(block, 0, 100);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    type: String.fromCharCode(block[156] ?? 0),
    link: textAt(block, 157, 100),
    sizeBytes: numberAt(block, 124, 12),
    mode: numberAt(block, 100, 8) & 0o7777,
    uid: numberAt(block, 108, 8),
    gid: numberAt(block, 116, 8),
    mtime: numberAt(block, 136, 12),
  };
}

/** Records like `20 size=8589934593\n`. Throws where they are malformed, or say that the file is sparse. */
export function readPax(records: string): Pax {
  const pax: Pax = {};
  for (let at = 0; at < records.length;) {
    const space = records.indexOf(' ', at);
    const length = Number(records.slice(at, space));
    const record = records.slice(space + 1, at + length);
    const equals = record.indexOf('=');
    if (!(length > 0) || space < at || equals < 1 || !record.endsWith('\n')) throw new Error('it is damaged');
    const key = record.slice(0, equals);
    if (key.startsWith('GNU.sparse')) throw new Error('sparse files are not taken');
    if (PAX_FIELDS.includes(key)) pax[key as PaxField] = record.slice(equals + 1, -1);
    at += length;
  }
  return pax;
}

export function withPax(entry: TarEntry, pax: Pax): TarEntry {
  const number = (value: string | undefined, fallback: number): number => {
    if (value === undefined) return fallback;
    const read = Math.floor(Number(value));
    if (!Number.isSafeInteger(read) || value === '') throw new Error('it is damaged');
    return read;
  };
  return {
    ...entry,
    name: pax.path ?? entry.name,
    link: pax.linkpath ?? entry.link,
    sizeBytes: number(pax.size, entry.sizeBytes),
    uid: number(pax.uid, entry.uid),
    gid: number(pax.gid, entry.gid),
    mtime: number(pax.mtime, entry.mtime),
  };
}

/** The header that every tar program reads alike, with long names before it as GNU writes them. */
export function writeHeader(entry: TarEntry): Buffer {
  const longName = entry.name.length > 100 ? longText('L', entry.name) : [];
  const longLink = entry.link.length > 100 ? longText('K', entry.link) : [];
  return Buffer.concat([...longLink, ...longName, plainHeader(entry)]);
}

export function paddingOf(sizeBytes: number): number {
  return (BLOCK - (sizeBytes % BLOCK)) % BLOCK;
}

function longText(type: string, text: string): Buffer[] {
  const body = Buffer.from(`${text}\0`, 'latin1');
  const header = plainHeader({
    name: '././@LongLink',
    type,
    link: '',
    sizeBytes: body.length,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: 0,
  });
  return [header, body, Buffer.alloc(paddingOf(body.length))];
}

function plainHeader({ name, type, link, sizeBytes, mode, uid, gid, mtime }: TarEntry): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write(name.slice(0, 100), 0, 'latin1');
  writeNumber(header, mode, 100, 8);
  writeNumber(header, uid, 108, 8);
  writeNumber(header, gid, 116, 8);
  writeNumber(header, sizeBytes, 124, 12);
  writeNumber(header, Math.max(0, mtime), 136, 12);
  header.write(type, 156, 'latin1');
  header.write(link.slice(0, 100), 157, 'latin1');
  header.write(GNU_MAGIC, 257, 'latin1');
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** In octal, or where that is too short, as a binary number with the highest bit set. */
function writeNumber(header: Buffer, value: number, at: number, length: number): void {
  const octal = value.toString(8);
  if (octal.length < length) {
    header.write(`${octal.padStart(length - 1, '0')}\0`, at, 'latin1');
    return;
  }
  header[at] = 0x80;
  header.writeUIntBE(value, at + length - 6, 6);
}

/** The sum of all bytes, those of the checksum itself taken for spaces. */
function checksum(header: Buffer): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i += 1) if (i < 148 || i >= 156) sum += header[i] ?? 0;
  return sum;
}

function numberAt(block: Buffer, at: number, length: number): number {
  const field = block.subarray(at, at + length);
  if (field[0] === 0x80) return field.subarray(-6).readUIntBE(0, 6);
  const digits = field
    .toString('latin1')
    .replaceAll(/[\0 ]+/g, ' ')
    .trim();
  if (!/^[0-7]*$/.test(digits)) throw new Error('it is no tar, or damaged');
  return Number.parseInt(digits || '0', 8);
}

function textAt(block: Buffer, at: number, length: number): string {
  const text = block.toString('latin1', at, at + length);
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}
