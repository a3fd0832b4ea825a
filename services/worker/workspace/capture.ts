import type { Programs, RuntimeFailure } from '#runtime';
import { shellFailure } from './shell-failure.js';

/** How long a script of ours may take. Milliseconds. */
const SCRIPT_MS = 30_000;

interface Script {
  argv: string[];
  env?: Record<string, string>;
  user?: string | undefined;
  /** Reads no more than so many bytes: the program goes on. */
  until?: number;
  /** Or no more than until its output ends so: the engine may tell its end seconds later, where others linger. */
  last?: string;
}

interface Captured {
  stdout: string;
  /** Why it has said nothing, where the engine can tell. */
  failed: () => Promise<RuntimeFailure | null>;
}

/** Runs a short script of ours in a container, and returns what it writes. */
export async function capture(
  programs: Programs,
  containerId: string,
  { argv, env = {}, user, until, last }: Script,
  signal: AbortSignal = AbortSignal.timeout(SCRIPT_MS),
): Promise<Captured> {
  const program = await programs.execute(containerId, { argv, env, user }, signal);
  program.stdin.end();
  const pieces: Buffer[] = [];
  let bytes = 0;
  const output = program.output((stream, piece) => {
    if (stream !== 'stdout') return;
    pieces.push(Buffer.from(piece));
    bytes += piece.length;
    const isLast = last !== undefined && Buffer.concat(pieces.slice(-2)).toString('latin1').endsWith(last);
    if (isLast || (until !== undefined && bytes >= until)) program.finish();
  });
  const cut = (): void => program.close();
  signal.addEventListener('abort', cut, { once: true });
  try {
    output.resume();
    await new Promise<void>((resolve, reject) => {
      output.once('error', reject);
      output.once('close', resolve);
    });
  } finally {
    signal.removeEventListener('abort', cut);
  }
  return {
    stdout: Buffer.concat(pieces).toString('utf8'),
    failed: () => shellFailure(programs, containerId, program, user),
  };
}
