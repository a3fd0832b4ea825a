import { randomBytes } from 'node:crypto';

const MARK_BYTES = 33;
/** What may follow a mark: `137;`, `cwd;`, or with what is left of it, `137,left,42:1234;`. */
const TOLD = /^([a-z0-9,:]{1,4000});/;
const TOLD_MAX = 4_001;

/** What no program's output holds by chance. Begins with a byte that text has not, so that little is ever held back. */
export function newMark(): string {
  return `\x1e${randomBytes(16).toString('hex')}`;
}

/** Takes the announcement of a program's end off the end of its output. */
export class Trailer {
  /** What was announced; null until then. */
  told: string | null = null;
  private readonly mark: Buffer;
  private held: Buffer = Buffer.alloc(0);

  constructor(mark: string) {
    this.mark = Buffer.from(mark, 'latin1');
  }

  /** Returns what is surely output of the program. */
  take(piece: Buffer): Buffer {
    // Whatever outlives the program may still write.
    if (this.told !== null) return Buffer.alloc(0);
    const bytes = this.held.length > 0 ? Buffer.concat([this.held, piece]) : piece;
    let from = bytes.indexOf(this.mark[0] ?? 0);
    while (from >= 0) {
      const rest = bytes.subarray(from);
      const told = this.match(rest);
      if (told !== 'no') {
        this.told = told === 'perhaps' ? null : told.told;
        this.held = told === 'perhaps' ? Buffer.from(rest) : Buffer.alloc(0);
        return bytes.subarray(0, from);
      }
      from = bytes.indexOf(this.mark[0] ?? 0, from + 1);
    }
    this.held = Buffer.alloc(0);
    return bytes;
  }

  /** What was held back and is output after all. */
  end(): Buffer {
    const rest = this.told === null ? this.held : Buffer.alloc(0);
    this.held = Buffer.alloc(0);
    return rest;
  }

  private match(bytes: Buffer): { told: string } | 'perhaps' | 'no' {
    const head = bytes.subarray(0, MARK_BYTES);
    if (!head.equals(this.mark.subarray(0, head.length))) return 'no';
    const tail = bytes.toString('latin1', MARK_BYTES, MARK_BYTES + TOLD_MAX);
    const told = TOLD.exec(tail)?.[1];
    if (told !== undefined) return { told };
    return tail.length < TOLD_MAX && /^[a-z0-9,:]*$/.test(tail) ? 'perhaps' : 'no';
  }
}
