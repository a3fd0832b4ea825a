import { BerthConnectionError, type BerthError } from './errors.js';
import type { Line } from './line.js';

export interface TerminalOptions {
  botId: string;
  cols: number;
  rows: number;
  /** A login shell by default. */
  command?: string | string[];
}

/** Why a terminal is over that has no exit code. */
export type TerminalExitReason = 'container_ended' | 'connection_lost';

export interface TerminalHandlers {
  /** What it shows: whole characters, with the escape sequences of a terminal. */
  onOutput?: (data: string) => void;
  /** It is over. Without an exit code, it ended with its container, or the connection to it is lost: see `reason`. */
  onExit?: (exitCode: number | null, reason: TerminalExitReason | null) => void;
}

/** As much is taken at once. Characters. */
const PIECE = 8_192;
/** A snapshot may hold the container for as long. */
const OPEN_MS = 180_000;

/** A program in a terminal of a container. It ends with its connection. */
export class Terminal {
  readonly id: string;
  readonly #line: Line;
  #queue: Promise<void> = Promise.resolve();
  #over = false;

  readonly #forget: () => void;

  /** @internal */
  constructor(id: string, line: Line, forget: () => void) {
    this.id = id;
    this.#line = line;
    this.#forget = forget;
  }

  /** What is typed, in order. Throws BerthError `quota_exceeded` where the program does not read: no more was taken. */
  write(data: string): Promise<void> {
    const writing = this.#queue.then(async () => {
      for (const piece of pieces(data)) await this.#ask('terminal.input', { data: piece });
    });
    this.#queue = writing.catch(() => undefined);
    return writing;
  }

  resize(cols: number, rows: number): Promise<void> {
    return this.#ask('terminal.resize', { cols, rows });
  }

  /** Ends the program, with all that it has begun. Nothing more comes of it, `onExit` neither. */
  async close(): Promise<void> {
    if (this.#over) return;
    this.#forget();
    const closing = this.#ask('terminal.close', {});
    this.#over = true;
    await closing;
  }

  /** @internal */
  ended(): void {
    this.#over = true;
  }

  #ask(name: string, message: object): Promise<void> {
    if (this.#over) return Promise.reject(new BerthConnectionError('The terminal is over.'));
    return new Promise((resolve, reject) => {
      this.#line.ask(name, { terminalId: this.id, ...message }, (error) => (error ? reject(error) : resolve()));
    });
  }
}

interface TerminalExit {
  terminalId: string;
  exitCode: number | null;
  reason: TerminalExitReason | null;
}

/**
 * Those of one line.
 *
 * @internal
 */
export class Terminals {
  readonly #open = new Map<string, { terminal: Terminal; handlers: TerminalHandlers }>();

  constructor(private readonly line: Line) {
    line.on<{ terminalId: string; data: string }>('terminal.output', ({ terminalId, data }) =>
      this.#open.get(terminalId)?.handlers.onOutput?.(data),
    );
    line.on<TerminalExit>('terminal.exit', ({ terminalId, exitCode, reason }) =>
      this.#end(terminalId, exitCode, reason),
    );
    line.onConnection((connection) => {
      if (connection !== 'connected') for (const id of [...this.#open.keys()]) this.#end(id, null, 'connection_lost');
    });
  }

  /** Waits for the connection, then for the terminal. */
  async open(options: TerminalOptions, handlers: TerminalHandlers): Promise<Terminal> {
    await this.line.connected();
    return new Promise((resolve, reject) => {
      const answered = (error: BerthError | null, { terminalId }: Record<string, unknown>): void => {
        if (error) return reject(error);
        const terminal: Terminal = new Terminal(String(terminalId), this.line, () => this.#open.delete(terminal.id));
        this.#open.set(terminal.id, { terminal, handlers });
        resolve(terminal);
      };
      this.line.ask('terminal.open', options, answered, OPEN_MS);
    });
  }

  #end(id: string, exitCode: number | null, reason: TerminalExitReason | null): void {
    const known = this.#open.get(id);
    this.#open.delete(id);
    known?.terminal.ended();
    known?.handlers.onExit?.(exitCode, reason);
  }
}

/** None ends within a character. */
function pieces(data: string): string[] {
  const found: string[] = [];
  for (let from = 0; from < data.length;) {
    let to = Math.min(from + PIECE, data.length);
    const last = data.charCodeAt(to - 1);
    if (to < data.length && last >= 0xd800 && last <= 0xdbff) to -= 1;
    found.push(data.slice(from, to));
    from = to;
  }
  return found;
}
