/** Tells a person what goes on: nothing for what takes less than a second, then how long it has taken so far. */
export class Progress {
  private clear = (): void => undefined;

  constructor(
    private readonly out: NodeJS.WriteStream = process.stdout,
    private readonly live = out.isTTY === true && !process.env['CI'],
  ) {}

  line(text: string): void {
    this.clear();
    this.out.write(`${text}\n`);
  }

  /** Runs one step. `note` says where it is, e.g. the package that is being unpacked. */
  async step<T>(label: string, work: (note: (text: string) => void) => Promise<T>): Promise<T> {
    const started = performance.now();
    const seconds = (): string => `${Math.round((performance.now() - started) / 1000)} s`;
    let detail = '';
    let shown = 0;
    const show = (): void => {
      const state = detail ? `${label}: ${detail}` : label;
      if (this.live) {
        const width = (this.out.columns || 80) - 12;
        this.out.write(`\r\u001b[K${state.slice(0, width)} ... ${seconds()}`);
        this.clear = () => {
          this.out.write('\r\u001b[K');
          this.clear = () => undefined;
        };
      } else if (shown % 10 === 0) {
        this.out.write(`${state} ... ${shown === 0 ? '' : seconds()}\n`);
      }
      shown += 1;
    };
    const timer = setInterval(show, 1000);
    try {
      const result = await work((text) => (detail = text));
      if (shown > 0) this.line(`${label}: done in ${seconds()}`);
      return result;
    } catch (error) {
      if (shown > 0) this.line(`${label}: failed after ${seconds()}`);
      throw error;
    } finally {
      clearInterval(timer);
      this.clear();
    }
  }
}
