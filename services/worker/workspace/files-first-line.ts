/** The longest line that a script begins with. Bytes. */
const MAX_BYTES = 64;

/**
 * The first line of a script's output, apart from the bytes that follow. Where there is no shell, the engine's own words
 * come instead: they are no such line, and then nothing of it is.
 */
export class FirstLine {
  /** Resolves with it, without its end. Never where it does not come. */
  readonly read: Promise<string>;
  #told: (line: string) => void = () => undefined;
  #head: Buffer | null = Buffer.alloc(0);
  #isWrong = false;

  constructor(private readonly pattern: RegExp) {
    this.read = new Promise((resolve) => (this.#told = resolve));
  }

  /** What of a piece comes behind that line. */
  take(piece: Buffer): Buffer {
    if (this.#isWrong) return Buffer.alloc(0);
    if (this.#head === null) return piece;
    const bytes = Buffer.concat([this.#head, piece]);
    const end = bytes.indexOf('\n');
    this.#head = bytes;
    if (end < 0 && bytes.length < MAX_BYTES) return Buffer.alloc(0);
    const line = bytes.toString('latin1', 0, end < 0 ? MAX_BYTES : end);
    this.#head = null;
    this.#isWrong = !this.pattern.test(line);
    if (this.#isWrong) return Buffer.alloc(0);
    this.#told(line);
    return bytes.subarray(end + 1);
  }
}
