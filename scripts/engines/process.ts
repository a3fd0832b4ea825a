import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a command to its end and never throws: a missing program answers code 127. */
export function run(
  command: string,
  args: string[],
  options: { env?: NodeJS.ProcessEnv; timeoutMs?: number; uid?: number; gid?: number } = {},
): Promise<Ran> {
  return new Promise((resolve) => {
    const { timeoutMs, ...rest } = options;
    execFile(
      command,
      args,
      { ...rest, timeout: timeoutMs ?? 0, maxBuffer: 16 * 1024 * 1024, cwd: '/' },
      (error, stdout, stderr) => {
        if (!error) return resolve({ code: 0, stdout, stderr });
        const code = typeof error.code === 'number' ? error.code : error.code === 'ENOENT' ? 127 : null;
        resolve({ code, stdout, stderr: stderr || error.message });
      },
    );
  });
}

/**
 * Like `run`, with its output handed on line by line while it comes, and failing with the last of it. It runs in a
 * session of its own, so that Ctrl-C reaches it through `signal` alone, which ends it with all that it started.
 */
export async function runLoud(
  command: string,
  args: string[],
  options: { env?: NodeJS.ProcessEnv; onLine?: (line: string) => void; signal?: AbortSignal } = {},
): Promise<void> {
  options.signal?.throwIfAborted();
  const child = spawn(command, args, {
    cwd: '/',
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const tail: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      for (const line of chunk.split(/[\r\n]+/).filter(Boolean)) {
        tail.push(line);
        if (tail.length > 15) tail.shift();
        options.onLine?.(line);
      }
    });
  }
  const end = (): void => {
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGTERM');
  };
  options.signal?.addEventListener('abort', end, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    options.signal?.throwIfAborted();
    if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed (exit code ${code}):\n${tail.join('\n')}`);
  } finally {
    options.signal?.removeEventListener('abort', end);
  }
}

/** To a process started with `detached` and all that it started in turn. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has ended already.
  }
}

export function isAlive(pid: number): boolean {
  try {
    // What has ended but was not waited for yet answers to signals and does nothing else.
    if (/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return false;
  } catch {
    // No /proc, or no such process: the signal below tells.
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * The command line of a process, or null where it is gone or cannot be told. Pids are used again, so whoever reads
 * one from a file compares this before sending a signal.
 */
export async function commandLine(pid: number): Promise<string | null> {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || null;
  } catch {
    const { code, stdout } = await run('ps', ['-o', 'command=', '-p', String(pid)]);
    return code === 0 ? stdout.trim() || null : null;
  }
}

/** Sends the signals in turn, each with its time to work, until the process is gone. */
export async function endPid(pid: number, steps: { signal: NodeJS.Signals; waitMs: number }[]): Promise<boolean> {
  for (const { signal, waitMs } of steps) {
    try {
      process.kill(pid, signal);
    } catch {
      return true;
    }
    const deadline = Date.now() + waitMs;
    while (Date.now() < deadline) {
      if (!isAlive(pid)) return true;
      await delay(20);
    }
  }
  return !isAlive(pid);
}

/** Resolves with whether the child ended in time; at once where it already has. */
export function endsWithin(child: ChildProcess, ms: number): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(true);
  return new Promise((resolve) => {
    const onExit = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    const timer = setTimeout(() => {
      child.off('exit', onExit);
      resolve(false);
    }, ms);
    child.once('exit', onExit);
  });
}
