const BLOCK = 512;
const MAX_PAX_BYTES = 1024 * 1024;

export interface TarEntry {
  /** Of the plain header: something else where the name is too long for it. */
  name: string;
  isFile: boolean;
  isDirectory: boolean;
  sizeBytes: number;
}

interface Visitor {
  entry?: ((entry: TarEntry) => void) | undefined;
  /** A piece of a regular file's contents. */
  data?: ((piece: Buffer) => void) | undefined;
}

/** Follows a tar stream from header to header. Throws where it is not one, and at the end where it was cut off. */
export class TarWalker {
  private readonly header = Buffer.alloc(BLOCK);
  private headerBytes = 0;
  /** Left of the body, and of the zeros that fill its last block. */
  private bodyBytes = 0;
  private paddingBytes = 0;
  private current: 'file' | 'pax' | 'other' = 'other';
  private pax: Buffer[] = [];
  private paxSize: number | null = null;
  private ended = false;

  constructor(private readonly visitor: Visitor) {}

  write(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.ended) {
      const left = this.bodyBytes || this.paddingBytes || BLOCK - this.headerBytes;
      const piece = chunk.subarray(at, at + left);
      at += piece.length;
      if (this.bodyBytes > 0) this.takeBody(piece);
      else if (this.paddingBytes > 0) this.paddingBytes -= piece.length;
      else this.takeHeader(piece);
    }
  }

  /** To be called after the last chunk. */
  end(): void {
    if (!this.ended) throw new Error('The archive is cut off.');
  }

  private takeBody(piece: Buffer): void {
    this.bodyBytes -= piece.length;
    if (this.current === 'file') this.visitor.data?.(piece);
    if (this.current !== 'pax') return;
    this.pax.push(Buffer.from(piece));
    if (this.bodyBytes > 0) return;
    this.paxSize = readPaxSize(Buffer.concat(this.pax).toString('latin1'));
    this.pax = [];
  }

  private takeHeader(piece: Buffer): void {
    piece.copy(this.header, this.headerBytes);
    this.headerBytes += piece.length;
    if (this.headerBytes < BLOCK) return;
    this.headerBytes = 0;
    if (this.header.every((byte) => byte === 0)) {
      this.ended = true;
      return;
    }
    this.readHeader(this.header);
  }

  private readHeader(header: Buffer): void {
    if (readNumber(header, 148, 8) !== checksum(header)) throw new Error('The archive is damaged.');
    const type = String.fromCharCode(header[156] ?? 0);
    const isPax = type === 'x';
    const sizeBytes = (isPax ? null : this.paxSize) ?? readNumber(header, 124, 12);
    if (isPax && sizeBytes > MAX_PAX_BYTES) throw new Error('A header of the archive is too long.');
    this.bodyBytes = sizeBytes;
    this.paddingBytes = (BLOCK - (sizeBytes % BLOCK)) % BLOCK;
    const isFile = type === '0' || type === '\0';
    this.current = isPax ? 'pax' : isFile ? 'file' : 'other';
    if (isPax || type === 'g' || type === 'L' || type === 'K') return;
    this.paxSize = null;
    this.visitor.entry?.({ name: readName(header), isFile, isDirectory: type === '5', sizeBytes });
  }
}

/** Header of a file of root's, or of a directory where the name ends so. At most 100 bytes of ASCII, less than 8 GiB. */
export function tarHeader(name: string, sizeBytes: number): Buffer {
  const isDirectory = name.endsWith('/');
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, 100, 'latin1');
  header.write(isDirectory ? '0000700\0' : '0000600\0', 100, 'latin1');
  header.write('0000000\0', 108, 'latin1');
  header.write('0000000\0', 116, 'latin1');
  header.write(`${sizeBytes.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.write('00000000000\0', 136, 'latin1');
  header.write(isDirectory ? '5' : '0', 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** The zeros that fill the last block of a body. */
export function tarPadding(sizeBytes: number): Buffer {
  return Buffer.alloc((BLOCK - (sizeBytes % BLOCK)) % BLOCK);
}

export const TAR_END = Buffer.alloc(2 * BLOCK);

/** A tar of small files, whole. */
export function tarOf(files: Record<string, string>): Buffer {
  const entries = Object.entries(files).flatMap(([name, text]) => {
    const body = Buffer.from(text);
    return [tarHeader(name, body.length), body, tarPadding(body.length)];
  });
  return Buffer.concat([...entries, TAR_END]);
}

/** The sum of all bytes, those of the checksum itself taken for spaces. */
function checksum(header: Buffer): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += header[i] ?? 0;
  return sum;
}

function readNumber(header: Buffer, at: number, length: number): number {
  const field = header.subarray(at, at + length);
  // Beyond 8 GiB as a binary number, with the highest bit set.
  if ((field[0] ?? 0) & 0x80) return field.subarray(-6).readUIntBE(0, 6);
  return Number.parseInt(
    field
      .toString('latin1')
      .replace(/[\0 ]+/g, ' ')
      .trim() || '0',
    8,
  );
}

function readName(header: Buffer): string {
  const text = (at: number, length: number): string => header.toString('utf8', at, at + length).replace(/\0.*$/s, '');
  const prefix = text(257, 5) === 'ustar' ? text(345, 155) : '';
  return prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`;
}

/** The `size` of records like `20 size=8589934593\n`; null where there is none. */
function readPaxSize(records: string): number | null {
  let size: number | null = null;
  for (let at = 0; at < records.length;) {
    const length = Number.parseInt(records.slice(at, at + 10), 10);
    if (!(length > 0)) throw new Error('The archive is damaged.');
    const [key, value] = records.slice(records.indexOf(' ', at) + 1, at + length - 1).split('=', 2);
    if (key === 'size') size = Number(value);
    at += length;
  }
  return size;
}
