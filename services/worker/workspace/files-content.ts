import type { FileWritten } from '#contracts';
import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { AgentRefusal } from '../agent/refusal.js';
import { FirstLine } from './files-first-line.js';
import { runFiles, type FileCall } from './files-program.js';
import { READ, WRITE } from './files-scripts.js';
import { rangeIn, type Range } from './files-range.js';
import { sendAll, type Upload } from './files-upload.js';

const MIB = 1024 * 1024;

export interface Content {
  /** Exactly as many bytes as `range` has, or it fails. */
  bytes: Readable;
  /** Of the whole file. Bytes. */
  size: number;
  modifiedAt: Date;
  range: Range;
  isPartial: boolean;
}

/** Opens a file and reads it, or the one range of it that is asked for. Throws AgentRefusal. */
export async function readFile(call: FileCall, rangeHeader: string | undefined): Promise<Content> {
  const bounds = { skip: 0, left: 0 };
  const line = new FirstLine(/^\d+ -?\d+$/);
  const program = await runFiles(
    call,
    READ,
    [call.path],
    (output, hand) => {
      const piece = line.take(output);
      if (piece.length === 0) return;
      const bytes = piece.subarray(bounds.skip, bounds.skip + bounds.left);
      bounds.skip = Math.max(0, bounds.skip - piece.length);
      bounds.left -= bytes.length;
      if (bytes.length > 0) hand(bytes);
      if (bounds.left === 0) done();
    },
    () => {
      if (bounds.left > 0) throw new AgentRefusal('file_conflict', `${call.path} became shorter while it was read.`);
    },
  );
  // A line before the end of its input: it has done its work, and is not to be killed.
  const done = (): void => {
    program.stdin.end('\n');
    program.finish();
  };
  const first = await Promise.race([line.read, program.verdict.then(() => '')]);
  const [size = 0, seconds = 0] = first.split(' ').map(Number);
  const range = rangeIn(rangeHeader, size);
  if (range === 'beyond') {
    program.close();
    throw new AgentRefusal('range_not_satisfiable', `${call.path} has ${size} bytes.`);
  }
  const wanted = range ?? { first: 0, bytes: size };
  bounds.left = wanted.bytes;
  bounds.skip = wanted.first % MIB;
  if (wanted.bytes === 0) done();
  else program.stdin.write(`${Math.floor(wanted.first / MIB)}\n`);
  return {
    bytes: program.output,
    size,
    modifiedAt: new Date(seconds * 1000),
    range: wanted,
    isPartial: range !== null,
  };
}

/** Writes a file from a body that must come to its end for anything to appear. Throws AgentRefusal. */
export async function writeFile(
  call: FileCall,
  body: Readable,
  { id, maxBytes }: Upload,
): Promise<FileWritten & { isNew: boolean }> {
  const mark = randomBytes(16).toString('hex');
  let size = 0;
  const [kind = '', told = ''] = await sendAll(call, WRITE, [call.path, id, mark], body, {
    take: (chunk, hand) => {
      size += chunk.length;
      if (size > maxBytes) throw new AgentRefusal('payload_too_large', `A file may have at most ${maxBytes} bytes.`);
      hand(chunk);
    },
    end: (hand) => hand(Buffer.from(mark)),
  });
  if (Number(told) !== size) throw new AgentRefusal('node_unavailable', 'Other bytes were written than were sent.');
  return { path: call.path, size, isNew: kind === 'new' };
}
