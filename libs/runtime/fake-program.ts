import type { LogChunk } from './port.js';

/** What a main process does in the fake. */
export interface FakeRun {
  output: LogChunk[];
  /** The code it ends with at once; null where it keeps running. */
  exitCode: number | null;
}

export type FakeProgram = (command: string[] | null, env: Record<string, string>) => FakeRun;

/**
 * Understands as much of a command as tests need: `sh -c` with `echo text [>&2]`, `sleep n` (runs on), `exit n` and
 * `missing` separated by `;`. A program under /nonexistent is not found. Anything else keeps running.
 */
export const runFakeProgram: FakeProgram = (command, env) => {
  if (command?.[0]?.startsWith('/nonexistent')) return { output: [], exitCode: 127 };
  if (command?.[0] !== 'sh' || command[1] !== '-c') return { output: [], exitCode: null };
  const output: LogChunk[] = [];
  for (const statement of (command[2] ?? '').split(';').map((part) => part.trim())) {
    const [verb, ...words] = statement.split(/\s+/);
    if (verb === 'echo') output.push(echo(words, env));
    else if (verb === 'exit') return { output, exitCode: Number(words[0] ?? 0) };
    else if (verb === 'sleep') return { output, exitCode: null };
  }
  return { output, exitCode: 0 };
};

function echo(words: string[], env: Record<string, string>): LogChunk {
  const stream = words.at(-1) === '>&2' ? 'stderr' : 'stdout';
  const text = words
    .filter((word) => word !== '>&2')
    .join(' ')
    .replace(/["']/g, '')
    .replace(/\$([A-Za-z_]\w*)/g, (_match, name: string) => env[name] ?? '');
  return { stream, data: Buffer.from(`${text}\n`) };
}
