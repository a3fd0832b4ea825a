import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** On what calls make on their way: whose it is, since several installations may share one engine. */
export const OWNER_LABEL = 'berth.owner';

/** Names this node's worker for good: a word that is made once and kept in the node's private directory. */
export function engineOwner(dataDir: string): string {
  const file = join(dataDir, 'engine-owner');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, randomUUID(), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8');
}
