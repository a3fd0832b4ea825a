import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { endsWithin } from '../engines/process.js';

/** A run that hangs must end before whoever waits for it gives up, and say that it hung. */
const DEADLINE_MS = 25 * 60_000;

/** Runs Jest with its output as it comes, and returns its exit code. */
export async function runJest(
  root: string,
  args: string[],
  env: Record<string, string>,
  signal: AbortSignal,
): Promise<number> {
  signal.throwIfAborted();
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const child = spawn(process.execPath, ['--experimental-vm-modules', '--no-warnings', jest, ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, NODE_ENV: 'test', ...env },
  });
  const end = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', end, { once: true });
  try {
    if (!(await endsWithin(child, DEADLINE_MS))) {
      child.kill('SIGKILL');
      throw new Error(`Jest did not end within ${DEADLINE_MS / 60_000} minutes and was killed: a test hangs.`);
    }
  } finally {
    signal.removeEventListener('abort', end);
  }
  signal.throwIfAborted();
  return child.exitCode ?? 1;
}
