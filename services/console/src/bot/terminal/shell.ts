import { BerthError, type Live, type Terminal } from '#client';
import { OutputGate } from './output-gate';
import type { Screen } from './screen';

export type ShellState =
  | { at: 'new' | 'opening' | 'open' }
  | { at: 'refused'; error: unknown }
  | { at: 'exited'; exitCode: number }
  /** The connection broke, and the program with it. */
  | { at: 'lost' }
  /** It ended with its container. */
  | { at: 'gone' };

/** One program in a terminal of the bot's container, with its screen. */
export class Shell {
  state: ShellState = { at: 'new' };
  /** What was typed last was not taken. */
  isDeaf = false;
  #terminal: Terminal | null = null;
  #closed = false;
  onChange: () => void = () => undefined;

  constructor(
    readonly id: string,
    readonly name: string,
    private readonly botId: string,
    readonly screen: Screen,
    private readonly socket: Live,
  ) {
    screen.onTyped((data) => this.#type(data));
    screen.onResize(({ cols, rows }) => {
      this.#terminal?.resize(cols, rows).catch(() => undefined);
    });
  }

  get isOver(): boolean {
    return !['new', 'opening', 'open'].includes(this.state.at);
  }

  /** Once its screen is on the page, and so has a size. */
  start(): void {
    if (this.state.at !== 'new') return;
    this.#become({ at: 'opening' });
    const gate = new OutputGate((data, shown) => this.screen.write(data, shown));
    const { cols, rows } = this.screen.size;
    this.socket
      .openTerminal(
        { botId: this.botId, cols, rows },
        { onOutput: (data) => gate.take(data), onExit: (exitCode, reason) => this.#end(exitCode, reason) },
      )
      .then((terminal) => this.#opened(terminal, { cols, rows }))
      .catch((error: unknown) => this.#become({ at: 'refused', error }));
  }

  close(): void {
    this.#closed = true;
    this.#terminal?.close().catch(() => undefined);
    this.screen.dispose();
  }

  #opened(terminal: Terminal, asked: { cols: number; rows: number }): void {
    if (this.#closed) return void terminal.close().catch(() => undefined);
    this.#terminal = terminal;
    // It may have been over before this was told.
    if (this.isOver) return;
    const { cols, rows } = this.screen.size;
    if (cols !== asked.cols || rows !== asked.rows) terminal.resize(cols, rows).catch(() => undefined);
    this.#become({ at: 'open' });
  }

  #end(exitCode: number | null, reason: 'container_ended' | 'connection_lost' | null): void {
    if (exitCode !== null) return this.#become({ at: 'exited', exitCode });
    this.#become({ at: reason === 'connection_lost' ? 'lost' : 'gone' });
  }

  #type(data: string): void {
    this.#terminal?.write(data).then(
      () => this.#hear(false),
      (error: unknown) => this.#hear(error instanceof BerthError && error.code === 'quota_exceeded'),
    );
  }

  #hear(isDeaf: boolean): void {
    if (this.isDeaf === isDeaf) return;
    this.isDeaf = isDeaf;
    this.onChange();
  }

  #become(state: ShellState): void {
    if (this.#closed) return;
    this.state = state;
    if (this.isOver) this.screen.end();
    this.onChange();
  }
}
