import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

const MAX_BYTES = 10 * 1024 * 1024;

/** Opens for appending; what has grown past 10 MiB is put aside first, in place of what was put aside before. */
export async function openLog(file: string): Promise<FileHandle> {
  await mkdir(dirname(file), { recursive: true });
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  if (size > MAX_BYTES) await rename(file, `${file}.1`);
  return open(file, 'a', 0o600);
}

interface LoggedError {
  message?: string;
  cause?: LoggedError;
}

/** The last lines worth a person's look: errors of a JSON log by their message, anything else as it is. */
export async function lastWords(file: string, lines = 4): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const tail = text.trimEnd().split('\n').slice(-40);
  const readable = tail.flatMap((line) => {
    try {
      const { level, msg, err } = JSON.parse(line) as { level?: string; msg?: string; err?: LoggedError };
      if (!['warn', 'error', 'fatal'].includes(level ?? '')) return [];
      return [[msg, err?.message, err?.cause?.message].filter(Boolean).join(': ').replaceAll(/\s+/g, ' ')];
    } catch {
      return line.trim() ? [line] : [];
    }
  });
  return readable.slice(-lines).join('\n');
}
