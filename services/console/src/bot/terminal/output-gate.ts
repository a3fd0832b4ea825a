/** As much may wait to be shown. Characters; the screen itself gives up at 50 million. */
const LIMIT = 4_000_000;
/** Of what is left out, so much of its end is shown: what a shell says last is its prompt. */
const TAIL = 16_384;

/**
 * Between a program and its screen. A browser takes messages from its socket as they come, so a program may write
 * faster than the screen can show: what is too much is left out, and that is said in its place.
 */
export class OutputGate {
  #waiting = 0;
  #leftOut = 0;
  #tail = '';

  constructor(
    private readonly write: (data: string, shown: () => void) => void,
    private readonly limit = LIMIT,
  ) {}

  /** Characters that the screen has not shown yet. */
  get waiting(): number {
    return this.#waiting;
  }

  take(data: string): void {
    if (this.#leftOut === 0 && this.#waiting + data.length <= this.limit) return this.#pass(data);
    this.#leftOut += data.length;
    this.#tail = (this.#tail + data).slice(-TAIL);
  }

  #pass(data: string): void {
    this.#waiting += data.length;
    this.write(data, () => {
      this.#waiting -= data.length;
      if (this.#leftOut > 0 && this.#waiting <= this.limit / 4) this.#goOn();
    });
  }

  #goOn(): void {
    // From the beginning of a line, so that no escape sequence is begun in its middle.
    const from = this.#tail.length < this.#leftOut ? this.#tail.indexOf('\n') + 1 : 0;
    const tail = this.#tail.slice(from);
    const without = this.#leftOut - tail.length;
    this.#leftOut = 0;
    this.#tail = '';
    const note = `\r\n\x1b[0m[${without.toLocaleString('en')} characters are left out: they came faster than they can be shown]\r\n`;
    this.#pass(without > 0 ? note + tail : tail);
  }
}
