import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { enclosure } from './check/enclosure.js';
import { neededEngines } from './check/needs.js';
import type { Plan } from './check/plan.js';
import { ensurePrograms } from './check/programs.js';
import { runStaticChecks } from './check/static.js';
import { runSuites } from './check/suites.js';
import { Progress } from './progress.js';

/**
 * Runs what `npm test` runs and returns its exit code. With arguments, which are Jest's, the static checks are left
 * out and only the engines that the chosen projects need are started.
 */
export async function check(root: string, jestArgs: string[]): Promise<number> {
  const progress = new Progress();
  const interrupted = new AbortController();
  const interrupt = (name: NodeJS.Signals): void => interrupted.abort(new Error(`stopped by ${name}`));
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupt);

  if (jestArgs.length === 0 && !(await runStaticChecks(root, progress, interrupted.signal))) return 1;

  const engines = neededEngines(jestArgs);
  const enclosed = engines.includes('docker') ? await enclosure(progress) : null;
  await ensurePrograms(engines, progress);
  const dir = await mkdtemp(join(tmpdir(), 'berth-test-'));
  try {
    const plan: Plan = { root, dir, jestArgs, privateDocker: enclosed !== null };
    if (!enclosed) return await runSuites(plan, progress, interrupted.signal);
    return await runEnclosed(enclosed, plan, interrupted.signal);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** The same, in a process of its own within the enclosure. */
async function runEnclosed([command = '', ...args]: string[], plan: Plan, signal: AbortSignal): Promise<number> {
  signal.throwIfAborted();
  const main = fileURLToPath(new URL('check/enclosed.js', import.meta.url));
  const child = spawn(command, [...args, process.execPath, main, JSON.stringify(plan)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  // It may have had the signal too, from the terminal; it takes both for one.
  const forward = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', forward, { once: true });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
