import type { QueryClient } from '@tanstack/react-query';
import { keys } from '../../live/keys';
import type { Session } from '../../session/session';
import type { Dropped } from './dropped';
import { joined } from './path';
import { transfersOf } from './use-transfers';

const LOOK_AGAIN_MS = 250;

/** Sends files into a directory, several at a time. What is there under the same names is replaced. */
export function upload({ client, cache }: Session, botId: string, directory: string, files: Dropped[]): void {
  const transfers = transfersOf(client, botId);
  const remote = client.bots.files(botId);
  for (const { name, file } of files) {
    transfers.add({ kind: 'upload', name, directory, total: file.size }, async (work) => {
      await remote.write(joined(directory, name), file, work);
      lookAgain(cache, botId, directory);
    });
  }
}

let timer: ReturnType<typeof setTimeout> | undefined;

/** Many small files end at nearly the same time: the directory is read once for them. */
function lookAgain(cache: QueryClient, botId: string, directory: string): void {
  clearTimeout(timer);
  timer = setTimeout(() => void cache.invalidateQueries({ queryKey: keys.files(botId, directory) }), LOOK_AGAIN_MS);
}
