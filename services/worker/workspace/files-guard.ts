import { AgentRefusal } from '../agent/refusal.js';
import type { UploadStage } from './files-upload.js';
import { paddingOf, readHeader, readPax, withPax, writeHeader, type Pax, type TarEntry } from './files-tar.js';

const BLOCK = 512;
/** GNU tar reads in records of this size, and would wait for the rest of one. */
const RECORD = 10_240;
export const MAX_ENTRIES = 1_000_000;
/** Of a header that holds a name or other records. Bytes. */
const MAX_EXTENSION = 1024 * 1024;
const MAX_PATH = 4096;
/** All names of links together, which are kept until the end. Characters. */
const MAX_LINK_NAMES = 16 * 1024 * 1024;

type Hand = (bytes: Buffer) => void;

const KINDS: Record<string, string> = { '3': 'A device', '4': 'A device', '6': 'A pipe', S: 'A sparse file' };

/**
 * Checks a tar entry by entry and writes it anew, so that what unpacks it reads what was checked: every header before
 * any of it is handed on. Ends it with an empty file, whose name nobody knows, as the proof that it is whole.
 */
export class ArchiveGuard implements UploadStage {
  entries = 0;
  /** Of all files. */
  bytes = 0;
  #header = Buffer.alloc(0);
  #extension: { type: string; pieces: Buffer[] } | null = null;
  #bodyLeft = 0;
  #paddingLeft = 0;
  #pax: Pax = {};
  #longName: string | null = null;
  #longLink: string | null = null;
  #ended = false;
  #handed = 0;
  readonly #links = new Set<string>();
  #linkNames = 0;

  constructor(
    private readonly proof: string,
    private readonly maxBytes: number,
  ) {}

  take(chunk: Buffer, hand: Hand): void {
    for (let rest = chunk; rest.length > 0 && !this.#ended;) rest = rest.subarray(this.#step(rest, hand));
  }

  end(hand: Hand): void {
    if (!this.#ended) throw refused('it is cut off');
    const proof = { name: this.proof, type: '0', link: '', sizeBytes: 0, mode: 0o600, uid: 0, gid: 0, mtime: 0 };
    this.#hand(writeHeader(proof), hand);
    this.#hand(Buffer.alloc(2 * BLOCK), hand);
    this.#hand(Buffer.alloc((RECORD - (this.#handed % RECORD)) % RECORD), hand);
  }

  /** How many bytes it has taken off the beginning. */
  #step(rest: Buffer, hand: Hand): number {
    if (this.#bodyLeft > 0) return this.#takeBody(rest.subarray(0, this.#bodyLeft), hand);
    if (this.#paddingLeft > 0) {
      const taken = Math.min(rest.length, this.#paddingLeft);
      this.#paddingLeft -= taken;
      if (this.#extension === null) this.#hand(Buffer.alloc(taken), hand);
      else if (this.#paddingLeft === 0) this.#extension = null;
      return taken;
    }
    const piece = rest.subarray(0, BLOCK - this.#header.length);
    this.#header = Buffer.concat([this.#header, piece]);
    if (this.#header.length < BLOCK) return piece.length;
    const block = this.#header;
    this.#header = Buffer.alloc(0);
    if (block.every((byte) => byte === 0)) this.#ended = true;
    else
      this.#takeHeader(
        readBlock(() => readHeader(block)),
        hand,
      );
    return piece.length;
  }

  #takeBody(piece: Buffer, hand: Hand): number {
    this.#bodyLeft -= piece.length;
    const extension = this.#extension;
    if (extension === null) {
      this.#hand(piece, hand);
      return piece.length;
    }
    extension.pieces.push(Buffer.from(piece));
    if (this.#bodyLeft > 0) return piece.length;
    const text = Buffer.concat(extension.pieces).toString('latin1');
    if (extension.type === 'L') this.#longName = untilNul(text);
    else if (extension.type === 'K') this.#longLink = untilNul(text);
    else {
      const pax = readBlock(() => readPax(text));
      if (extension.type === 'x') this.#pax = pax;
      else if (Object.keys(pax).length > 0) throw refused('a header for all entries says more than a comment');
    }
    if (this.#paddingLeft === 0) this.#extension = null;
    return piece.length;
  }

  #takeHeader(read: TarEntry, hand: Hand): void {
    const { type } = read;
    if (type === 'x' || type === 'g' || type === 'L' || type === 'K') {
      if (read.sizeBytes > MAX_EXTENSION) throw refused('a header is too long');
      this.#extension = { type, pieces: [] };
      this.#expect(read.sizeBytes);
      if (read.sizeBytes === 0) this.#extension = null;
      return;
    }
    const named = { ...read, name: this.#longName ?? read.name, link: this.#longLink ?? read.link };
    const entry = readBlock(() => withPax(named, this.#pax));
    this.#pax = {};
    this.#longName = this.#longLink = null;
    this.#hand(writeHeader(this.#checked(entry)), hand);
    if (isFile(entry)) this.#expect(entry.sizeBytes);
  }

  #expect(sizeBytes: number): void {
    this.#bodyLeft = sizeBytes;
    this.#paddingLeft = paddingOf(sizeBytes);
  }

  /** The entry as it is handed on. Throws where it may not be. */
  #checked(entry: TarEntry): TarEntry {
    this.entries += 1;
    if (this.entries > MAX_ENTRIES) throw refused(`it has more than ${MAX_ENTRIES} entries`);
    const names = namesOf(entry.name, entry.name);
    const path = names.join('/');
    const shown = shownName(entry.name);
    if (this.#leadsThroughLink(names)) throw refused(`${shown} would go through, or replace, a link of the archive`);
    const isDirectory = entry.type === '5' || (entry.type === '\0' && entry.name.endsWith('/'));
    if (path === '' && !isDirectory) throw refused('an entry has no name');
    const plain = { ...entry, name: path === '' ? './' : path, link: '', sizeBytes: 0 };
    if (isDirectory) return { ...plain, name: path === '' ? './' : `${path}/`, type: '5' };
    if (isFile(entry)) {
      if (entry.sizeBytes < 0) throw refused('it is damaged');
      this.bytes += entry.sizeBytes;
      if (this.bytes > this.maxBytes) throw refused(`its files have more than ${this.maxBytes} bytes`);
      return { ...plain, type: '0', sizeBytes: entry.sizeBytes };
    }
    if (entry.type === '1') return { ...plain, type: '1', link: this.#hardTarget(entry) };
    if (entry.type !== '2') throw refused(`${shown}: ${KINDS[entry.type] ?? 'An entry of this kind'} is not taken`);
    checkTarget(entry);
    this.#linkNames += path.length;
    if (this.#linkNames > MAX_LINK_NAMES) throw refused('it has too many links');
    this.#links.add(path);
    return { ...plain, type: '2', link: entry.link };
  }

  #hardTarget(entry: TarEntry): string {
    const names = namesOf(entry.link, entry.name);
    if (this.#leadsThroughLink(names)) throw refused(`${shownName(entry.name)} would be linked through a link`);
    if (names.length === 0) throw refused(`${shownName(entry.name)} is linked to nothing`);
    return names.join('/');
  }

  #leadsThroughLink(names: string[]): boolean {
    return this.#links.size > 0 && names.some((_name, i) => this.#links.has(names.slice(0, i + 1).join('/')));
  }

  #hand(bytes: Buffer, hand: Hand): void {
    if (bytes.length === 0) return;
    this.#handed += bytes.length;
    hand(bytes);
  }
}

const isFile = ({ type, name }: TarEntry): boolean =>
  type === '0' || type === '7' || (type === '\0' && !name.endsWith('/'));

/** The names on a path that stays within the archive. */
function namesOf(path: string, entry: string): string[] {
  if (path.startsWith('/')) throw refused(`${shownName(entry)}: the name is absolute`);
  if (path.length > MAX_PATH || path.includes('\0')) throw refused(`${shownName(entry)}: the name is too long`);
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) throw refused(`${shownName(entry)}: the name contains ".."`);
  return names;
}

/**
 * A link is taken as it is, wherever it leads: it can do no more than what the bot could make by itself. No entry leads
 * through one, so that nothing is written but below the directory that was asked for.
 */
function checkTarget({ name, link }: TarEntry): void {
  if (link === '' || link.length > MAX_PATH || link.includes('\0'))
    throw refused(`${shownName(name)}: the link has no target, or one that is too long`);
}

function readBlock<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw refused((error as Error).message);
  }
}

function refused(why: string): AgentRefusal {
  return new AgentRefusal('validation_failed', `The archive is refused: ${why}.`);
}

const untilNul = (text: string): string => text.split('\0', 1)[0] ?? '';

const shownName = (name: string): string =>
  Buffer.from(name.slice(0, 200), 'latin1')
    .toString()
    .replaceAll(/\p{Cc}/gu, '?');
