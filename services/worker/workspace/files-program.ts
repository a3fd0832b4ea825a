import type { Program, Programs } from '#runtime';
import { RuntimeFailure } from '#runtime';
import type { Readable, Writable } from 'node:stream';
import { AgentRefusal } from '../agent/refusal.js';
import { lacking, refusalOf, verdictIn } from './files-verdict.js';
import { unannounced } from './supervised.js';

/** As much of a program's complaints is kept, its verdict coming last. Bytes. */
const COMPLAINTS_BYTES = 8 * 1024;

/** Where a call for files runs, and what it is called in what its caller is told. */
export interface FileCall {
  programs: Programs;
  containerId: string;
  /** Such as `writing a file`. */
  what: string;
  path: string;
  signal: AbortSignal;
}

/** A script for files under way. */
export interface FileProgram {
  /** What `take` handed on of its output; ends with it. */
  output: Readable;
  stdin: Writable;
  /** What it told, word by word, as soon as it is told. Throws AgentRefusal, which is of what went wrong. */
  verdict: Promise<string[]>;
  /** Ends the output here, all that was wanted of it having come. */
  finish(): void;
  /** Cuts it off: for the script, the end of its input. */
  close(): void;
}

type Take = (piece: Buffer, hand: (bytes: Buffer) => void) => void;

/** Runs a script for files as root. Without a verdict, or with another than the caller may go on with, it is refused. */
export async function runFiles(
  call: FileCall,
  script: string,
  args: string[],
  take: Take,
  end?: (hand: (bytes: Buffer) => void) => void,
): Promise<FileProgram> {
  const { programs, containerId, signal } = call;
  const program = await begin(call, ['/bin/sh', '-c', script, 'sh', ...args]);
  let complaints = '';
  let told: ((words: string[]) => void) | null = null;
  const announced = new Promise<string[]>((resolve) => (told = resolve));
  let over: () => void = () => undefined;
  const ended = new Promise<null>((resolve) => (over = () => resolve(null)));
  const output = program.output(
    (stream, piece, hand) => {
      if (stream === 'stdout') return take(piece, hand);
      complaints = (complaints + piece.toString('latin1')).slice(-COMPLAINTS_BYTES);
      const words = verdictIn(complaints);
      if (words) told?.(words);
    },
    (hand) => {
      over();
      end?.(hand);
    },
  );
  // Told to whoever reads the output; a write that fails is one of a program that has ended.
  program.stdin.on('error', () => undefined);
  output.on('error', () => undefined);
  const close = (): void => program.close();
  if (signal.aborted) close();
  signal.addEventListener('abort', close, { once: true });
  output.once('close', () => {
    signal.removeEventListener('abort', close);
    program.close();
    over();
  });
  const verdict = (async (): Promise<string[]> => {
    const words = (await Promise.race([announced, ended])) ?? verdictIn(complaints);
    if (words) {
      const refusal = refusalOf(words, call, Buffer.from(complaints, 'latin1').toString());
      if (refusal) throw refusal;
      return words;
    }
    if (!signal.aborted) await unannounced(programs, containerId, program, {});
    throw new AgentRefusal('container_not_running', 'The container ended meanwhile.');
  })();
  // Nobody reads what is refused.
  verdict.catch(() => output.destroy());
  return { output, stdin: program.stdin, verdict, finish: () => program.finish(), close };
}

async function begin(call: FileCall, argv: string[]): Promise<Program> {
  const { programs, containerId, signal } = call;
  try {
    return await programs.execute(containerId, { argv, env: { LC_ALL: 'C' }, user: '0' }, signal);
  } catch (error) {
    if (error instanceof RuntimeFailure && error.code === 'program_missing') throw lacking('/bin/sh', call);
    throw error;
  }
}

/** Runs one that takes no input; what it printed. At most `maxBytes` are kept of that. */
export async function askFiles(
  call: FileCall,
  script: string,
  args: string[],
  maxBytes = 64 * 1024 * 1024,
): Promise<{ words: string[]; printed: Buffer }> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  const program = await runFiles(call, script, args, (piece) => {
    bytes += piece.length;
    if (bytes > maxBytes) throw new Error('a script for files prints without end');
    pieces.push(Buffer.from(piece));
  });
  program.stdin.end();
  program.output.resume();
  const ended = new Promise((resolve) => program.output.once('close', resolve));
  const words = await program.verdict;
  await ended;
  return { words, printed: Buffer.concat(pieces) };
}
