import type { ArchiveUnpacked } from '#contracts';
import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { AgentRefusal } from '../agent/refusal.js';
import { FirstLine } from './files-first-line.js';
import { ArchiveGuard } from './files-guard.js';
import { runFiles, type FileCall } from './files-program.js';
import { PACK, UNPACK } from './files-scripts.js';
import { sendAll, type Upload } from './files-upload.js';

/** A tar of a file or a directory; fails where it is not whole. Throws AgentRefusal. */
export async function readArchive(call: FileCall): Promise<Readable> {
  const line = new FirstLine(/^ready$/);
  let told: string | null = null;
  const program = await runFiles(
    call,
    PACK,
    [call.path],
    (output, hand) => {
      const piece = line.take(output);
      if (piece.length > 0) hand(piece);
    },
    () => {
      if (told !== 'done') throw new AgentRefusal('file_conflict', `${call.path} could not be read to its end.`);
    },
  );
  void program.verdict.then(
    ([word = '']) => (told = word),
    () => undefined,
  );
  await Promise.race([line.read, program.verdict]);
  return program.output;
}

/** Unpacks a tar under a directory. Throws AgentRefusal. */
export async function writeArchive(
  call: FileCall,
  body: Readable,
  { id, maxBytes }: Upload,
): Promise<ArchiveUnpacked & { isNew: boolean }> {
  const proof = `.berth-whole-${randomBytes(16).toString('hex')}`;
  const guard = new ArchiveGuard(proof, maxBytes);
  const [kind = ''] = await sendAll(call, UNPACK, [call.path, id, proof], body, guard);
  return { path: call.path, entries: guard.entries, size: guard.bytes, isNew: kind === 'new' };
}
