import { spawn } from 'node:child_process';

const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;

export interface RunOptions {
  input?: string;
  /** Milliseconds until the program is killed. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** Runs a program of the host without a shell. Returns its output; throws where it cannot run or ends with another code than 0. */
export function runProgram(program: string, args: string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      timeout: options.timeoutMs ?? 10_000,
      killSignal: 'SIGKILL',
      signal: options.signal,
    });
    let output = '';
    let complaint = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < MAX_OUTPUT_BYTES) output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (complaint.length < 2_000) complaint += text;
    });
    child.on('error', (error) => reject(new Error(`${program} cannot be run`, { cause: error })));
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${program} failed (${code ?? 'killed'}): ${complaint.trim()}`));
    });
    // A program that ends without reading its input is judged by its exit code.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}
