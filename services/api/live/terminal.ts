import {
  encodeTerminalFrame,
  INPUT_WINDOW_BYTES,
  TerminalFrameReader,
  type TerminalExitReason,
  type TerminalFrame,
  type TerminalOpen,
} from '#contracts';
import type { Duplex } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** As much input waits here for a program that does not read. Bytes. */
const INPUT_LIMIT_BYTES = 256 * 1024;

/** What a terminal says, in this order: `opened`, `output` as often as there is any, `exit`; or `refused` alone. */
export interface TerminalSink {
  opened(): void;
  /** Null: the connection ended without a word. */
  refused(problem: { code: string; detail: string } | null): void;
  output(text: string): void;
  /** `reason`: why there is no code. */
  exit(code: number | null, reason: TerminalExitReason | null): void;
  /** Whether more output may follow at once. Where it may not, `resume` is waited for. */
  hasRoom(): boolean;
  fault(error: unknown): void;
}

/** One terminal, over its connection to the node's agent. */
export class Terminal {
  readonly #frames = new TerminalFrameReader();
  readonly #decoder = new StringDecoder('utf8');
  #state: 'opening' | 'open' | 'over' = 'opening';
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** What the agent may still be sent before it says that it has taken some. Bytes. */
  #window = INPUT_WINDOW_BYTES;

  constructor(
    private readonly connection: Duplex,
    { command, cols, rows }: TerminalOpen,
    private readonly sink: TerminalSink,
  ) {
    connection.on('data', (chunk: Buffer) => this.#read(chunk));
    // Both, since what nobody reads ends without closing.
    connection.once('end', () => connection.destroy());
    connection.once('close', () => this.#lost());
    this.#send({ kind: 'open', command, cols, rows });
  }

  /** False where the program does not read what it was sent before; nothing is taken then. */
  input(data: string): boolean {
    const bytes = Buffer.from(data, 'utf8');
    if (this.#waitingBytes + bytes.length > INPUT_LIMIT_BYTES) return false;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#sendInput();
    return true;
  }

  resize(size: { cols: number; rows: number }): void {
    this.#send({ kind: 'resize', cols: size.cols, rows: size.rows });
  }

  /** There is room for output again. */
  resume(): void {
    this.connection.resume();
  }

  /** Without another word. */
  close(): void {
    this.#state = 'over';
    this.connection.destroy();
  }

  #read(chunk: Buffer): void {
    try {
      this.#frames.read(chunk, (frame) => this.#take(frame));
    } catch (error) {
      this.sink.fault(error);
      this.connection.destroy();
    }
    if (this.#state === 'open' && !this.sink.hasRoom()) this.connection.pause();
  }

  #take(frame: TerminalFrame): void {
    if (this.#state === 'over') return;
    if (frame.kind === 'opened' && this.#state === 'opening') {
      this.#state = 'open';
      return this.sink.opened();
    }
    if (frame.kind === 'refused' && this.#state === 'opening') {
      this.close();
      return this.sink.refused(frame);
    }
    if (this.#state !== 'open') throw new Error(`A frame "${frame.kind}" before the terminal is open.`);
    if (frame.kind === 'output') return this.#show(this.#decoder.write(frame.bytes));
    if (frame.kind === 'exit') return this.#end(frame.exitCode, frame.reason ?? 'container_ended');
    if (frame.kind !== 'taken') throw new Error(`A frame "${frame.kind}" has no place here.`);
    this.#window += frame.bytes;
    this.#sendInput();
  }

  #show(text: string): void {
    if (text !== '') this.sink.output(text);
  }

  #end(exitCode: number | null, reason: TerminalExitReason): void {
    this.#show(this.#decoder.end());
    this.close();
    this.sink.exit(exitCode, exitCode === null ? reason : null);
  }

  #lost(): void {
    if (this.#state === 'opening') this.sink.refused(null);
    if (this.#state === 'open') this.#end(null, 'connection_lost');
    this.#state = 'over';
  }

  #sendInput(): void {
    while (this.#window > 0) {
      const next = this.#waiting.shift();
      if (!next) return;
      const bytes = next.subarray(0, this.#window);
      if (bytes.length < next.length) this.#waiting.unshift(next.subarray(bytes.length));
      this.#waitingBytes -= bytes.length;
      this.#window -= bytes.length;
      this.#send({ kind: 'input', bytes });
    }
  }

  #send(frame: TerminalFrame): void {
    if (this.connection.writable) this.connection.write(encodeTerminalFrame(frame));
  }
}
