import type { BerthClient } from '#client';
import { nameOf, parentOf } from './path';
import { canStream, chosenFile, saveWhole, SMALL, streamTo } from './save';
import { transfersOf } from './use-transfers';

export interface Wanted {
  path: string;
  /** A directory comes as a tar, whose size nobody knows before. */
  kind: 'file' | 'directory';
  size: number | null;
}

/** Whether it would be gathered in memory, though it is or may be large: to be said before. */
export function isHeavy({ size }: Wanted): boolean {
  return !canStream() && (size === null || size > SMALL);
}

/**
 * Saves a file, or a directory as a tar. Small files go to the browser's downloads; what is larger, or of a size that
 * is not known, straight to a file that is chosen, where the browser can do that. Call it within a click.
 */
export async function download(client: BerthClient, botId: string, wanted: Wanted): Promise<void> {
  const { path, kind, size } = wanted;
  const name = kind === 'directory' ? `${nameOf(path)}.tar` : nameOf(path);
  const isSmall = size !== null && size <= SMALL;
  const handle = !isSmall && canStream() ? await chosenFile(name) : null;
  const files = client.bots.files(botId);
  transfersOf(client, botId).add({ kind: 'download', name, directory: parentOf(path), total: size }, async (work) => {
    const { signal } = work;
    const response = await (kind === 'directory' ? files.archive(path, { signal }) : files.read(path, { signal }));
    await (handle ? streamTo(handle, response, work) : saveWhole(name, response, work));
  });
}
