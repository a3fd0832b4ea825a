import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { acquire } from './lock.mjs';

/**
 * Runs `npm ci` where node_modules does not hold what package-lock.json says.
 * @param {string} root
 */
export async function ensurePackages(root) {
  if (await isCurrent(root)) return;
  const lock = await waitForTurn(join(root, '.berth/cache/install.lock'));
  try {
    if (!(await isCurrent(root))) await npmCi(root);
  } finally {
    lock.release();
  }
}

/** npm keeps in node_modules/ a list of what it has put there; optional packages of other platforms are not on it. */
async function isCurrent(root) {
  const [wanted, there] = await Promise.all([
    readJson(join(root, 'package-lock.json')),
    readJson(join(root, 'node_modules/.package-lock.json')),
  ]);
  if (!wanted)
    throw new Error('package-lock.json is missing or broken: restore it with `git checkout package-lock.json`.');
  if (!there) return false;
  return Object.entries(wanted.packages).every(([path, { version, integrity, optional, devOptional, link }]) => {
    if (path === '' || link) return true;
    const found = there.packages[path];
    if (!found) return Boolean(optional || devOptional);
    return found.version === version && (!integrity || !found.integrity || found.integrity === integrity);
  });
}

async function npmCi(root) {
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  console.log('Installing packages (npm ci) ...');
  const timer = setInterval(() => console.log(`Installing packages (npm ci) ... ${seconds()}`), 10_000);
  // The npm that runs us, where one does: there may be none, or another, on the PATH.
  const npm = process.env.npm_execpath;
  const [command, ...first] = npm?.endsWith('.js') ? [process.execPath, npm] : ['npm'];
  const child = spawn(command, [...first, 'ci', '--include=dev', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A package that the docs page stands on reports every installation to its makers unless told not to.
    env: { ...process.env, NODE_ENV: '', SCARF_ANALYTICS: 'false' },
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  try {
    const code = await new Promise((resolve, reject) => {
      child.once('error', (error) => reject(new Error(`npm does not run (${error.message}): install npm.`)));
      child.once('close', resolve);
    });
    if (code !== 0) {
      // npm's own words come first; then it explains its options at length.
      const words = output.split('\n').filter((line) => /^npm error ./.test(line));
      throw new Error(`npm ci failed (exit code ${code}):\n${words.slice(0, 12).join('\n') || output}`);
    }
  } finally {
    clearInterval(timer);
  }
  console.log(`Installing packages (npm ci): done in ${seconds()}`);
}

async function waitForTurn(file) {
  for (let told = false; ; told = true) {
    const lock = acquire(file, 'npm ci');
    if (!lock.holder) return lock;
    if (!told) console.log(`Waiting for process ${lock.holder.pid}, which installs the packages ...`);
    await delay(500);
  }
}

async function readJson(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return null;
  }
}
