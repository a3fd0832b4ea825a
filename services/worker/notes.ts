import { readdir } from 'node:fs/promises';

/** The names of the notes in a directory of the node's, none where nothing was ever noted. Fails where it cannot be read. */
export async function notesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
