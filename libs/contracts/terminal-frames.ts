import { z } from 'zod';
import { terminalCommand, terminalExitReason, terminalSize } from './terminal.js';

/**
 * What the API and a node's agent say to each other on a terminal's connection: 1 byte of kind, 4 bytes of length (big
 * endian), the payload. Input is taken in a window, so that the agent never stops reading: it learns at once that the
 * other side has gone, and a resize does not wait behind input that nobody reads. Output needs none: where it is not
 * read, it waits in the connection, and then in the program.
 */
const KINDS = ['open', 'input', 'resize', 'opened', 'refused', 'output', 'taken', 'exit'] as const;

export type TerminalFrame =
  | ({ kind: 'open' } & z.output<typeof bodies.open>)
  | { kind: 'input'; bytes: Buffer }
  | ({ kind: 'resize' } & z.output<typeof bodies.resize>)
  | { kind: 'opened' }
  | ({ kind: 'refused' } & z.output<typeof bodies.refused>)
  | { kind: 'output'; bytes: Buffer }
  /** So many bytes of the input have gone on to the program. */
  | ({ kind: 'taken' } & z.output<typeof bodies.taken>)
  | ({ kind: 'exit' } & z.output<typeof bodies.exit>);

const bodies = {
  open: terminalSize.extend({ command: terminalCommand }),
  resize: terminalSize,
  opened: z.object({}),
  refused: z.object({ code: z.string(), detail: z.string() }),
  taken: z.object({ bytes: z.int().min(0) }),
  exit: z.object({ exitCode: z.int().nullable(), reason: terminalExitReason.optional() }),
};

/** As much input may be under way without having been taken. Bytes. */
export const INPUT_WINDOW_BYTES = 64 * 1024;
/** Longest payload; what is longer is no frame of ours. */
const MAX_PAYLOAD_BYTES = 1024 * 1024;
const HEADER_BYTES = 5;

/** To be called for the upgrade to such a connection. */
export const TERMINAL_PROTOCOL = 'berth-terminal';

export function encodeTerminalFrame(frame: TerminalFrame): Buffer {
  const { kind, ...body } = frame;
  const payload =
    frame.kind === 'input' || frame.kind === 'output' ? frame.bytes : Buffer.from(JSON.stringify(body), 'utf8');
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt8(KINDS.indexOf(kind), 0);
  header.writeUInt32BE(payload.length, 1);
  return Buffer.concat([header, payload]);
}

/** Puts frames together from the pieces in which a connection delivers them. */
export class TerminalFrameReader {
  #pieces: Buffer[] = [];
  #length = 0;
  #needed = HEADER_BYTES;

  /** Hands on each frame that is complete. Throws where it is no frame; nothing after that can be read. */
  read(chunk: Buffer, take: (frame: TerminalFrame) => void): void {
    this.#pieces.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#needed) return;
    let rest = Buffer.concat(this.#pieces, this.#length);
    for (;;) {
      this.#needed = HEADER_BYTES;
      if (rest.length >= HEADER_BYTES) {
        const size = rest.readUInt32BE(1);
        if (size > MAX_PAYLOAD_BYTES) throw new Error(`A frame of ${size} bytes is too long.`);
        this.#needed += size;
      }
      if (rest.length < this.#needed || rest.length < HEADER_BYTES) break;
      const frame = decode(rest.readUInt8(0), rest.subarray(HEADER_BYTES, this.#needed));
      rest = rest.subarray(this.#needed);
      take(frame);
    }
    this.#pieces = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
  }
}

function decode(number: number, payload: Buffer): TerminalFrame {
  const kind = KINDS[number];
  if (kind === undefined) throw new Error(`There is no frame of kind ${number}.`);
  if (kind === 'input' || kind === 'output') return { kind, bytes: payload };
  return { kind, ...bodies[kind].parse(JSON.parse(payload.toString('utf8'))) } as TerminalFrame;
}
