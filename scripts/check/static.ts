import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { signalGroup } from '../engines/process.js';
import type { Progress } from '../progress.js';

interface Check {
  name: string;
  /** Package and program within it. */
  program: [string, string];
  args: string[];
  /** What a person does about it. */
  remedy: string;
}

const CHECKS: Check[] = [
  {
    name: 'eslint',
    program: ['eslint', 'bin/eslint.js'],
    args: ['.', '--max-warnings=0', '--cache', '--cache-location=.berth/cache/eslint', '--cache-strategy=content'],
    remedy: 'npx eslint . --fix mends some of it',
  },
  {
    name: 'prettier',
    program: ['prettier', 'bin/prettier.cjs'],
    args: [
      '--check',
      '.',
      '--log-level=warn',
      '--cache',
      '--cache-location=.berth/cache/prettier',
      '--cache-strategy=content',
    ],
    remedy: 'npm run format mends it',
  },
  { name: 'tsc', program: ['typescript', 'bin/tsc'], args: ['--noEmit'], remedy: 'npm run typecheck shows it again' },
  {
    name: 'tsc of the console',
    program: ['typescript', 'bin/tsc'],
    args: ['--noEmit', '-p', 'services/console'],
    remedy: 'npm run typecheck shows it again',
  },
  {
    name: 'dependency-cruiser',
    program: ['dependency-cruiser', 'bin/dependency-cruise.mjs'],
    args: ['--config', '.dependency-cruiser.cjs', 'libs', 'services', 'scripts'],
    remedy: 'each rule in .dependency-cruiser.cjs says why it is there',
  },
  { name: 'knip', program: ['knip', 'bin/knip.js'], args: ['--no-progress'], remedy: 'remove what nothing uses' },
];
/** Each of them keeps one core busy. */
const PARALLEL = 2;

/** Runs all, tells of each how long it took, and then shows what any of them has found. */
export async function runStaticChecks(root: string, progress: Progress, signal: AbortSignal): Promise<boolean> {
  const failures: { check: Check; output: string }[] = [];
  const queue = CHECKS.values();
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (const check of queue) {
        const started = performance.now();
        const { code, output } = await run(root, check, signal);
        signal.throwIfAborted();
        if (code !== 0) failures.push({ check, output });
        progress.line(
          `${code === 0 ? 'ok  ' : 'FAIL'} ${check.name} (${((performance.now() - started) / 1000).toFixed(1)} s)`,
        );
      }
    }),
  );
  for (const { check, output } of failures) {
    progress.line(`\n--- ${check.name}: ${check.remedy}\n${output.trim()}`);
  }
  if (failures.length > 0)
    progress.line(`\n${failures.length} of ${CHECKS.length} static checks failed; Jest was not run.`);
  return failures.length === 0;
}

async function run(root: string, check: Check, signal: AbortSignal): Promise<{ code: number | null; output: string }> {
  const [pkg, program] = check.program;
  const file = join(packageFolder(root, pkg), program);
  const child = spawn(process.execPath, [file, ...check.args], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, FORCE_COLOR: '0' },
  });
  const end = (): void => {
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
  };
  signal.addEventListener('abort', end, { once: true });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve) =>
    child.once('close', resolve).once('error', () => resolve(null)),
  );
  signal.removeEventListener('abort', end);
  return { code, output };
}

/** Programs are run by their file: what a package exports is no concern of its command line. */
function packageFolder(root: string, name: string): string {
  const paths = createRequire(join(root, 'package.json')).resolve.paths(name) ?? [];
  return join(paths[0] ?? join(root, 'node_modules'), name);
}
