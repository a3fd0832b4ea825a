/**
 * `npm start`: from a bare clone to a running Berth. This part is plain JavaScript without dependencies: it brings in
 * what the rest needs, then goes on in the same process with dist/scripts/up.js.
 */
import './bootstrap/node-version.mjs';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePackages } from './bootstrap/install.mjs';
import { acquire, birth } from './bootstrap/lock.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

try {
  // What is set in the environment wins over the file.
  if (existsSync(join(root, '.env'))) process.loadEnvFile(join(root, '.env'));
  const dataDir = resolve(root, process.env.BERTH_DATA_DIR || '.berth');

  const lock = acquire(join(dataDir, 'run/supervisor.lock'), 'starting');
  if (lock.holder) {
    const { pid, note } = lock.holder;
    console.error(
      `Berth is already running in this clone: process ${pid}, ${note}. Stop that one first (Ctrl-C there, or \`kill ${pid}\`),`,
    );
    console.error('or set BERTH_DATA_DIR and PORT to run a second one beside it.');
    process.exit(1);
  }
  process.once('exit', () => lock.release());

  await ensurePackages(root);
  const { build } = await import('./build.mjs');
  await build(root);
  const { buildConsole } = await import('./build-console.mjs');
  await buildConsole(root);
  const { up } = await import('../dist/scripts/up.js');
  await up({ root, dataDir, announce: (note) => lock.update(note), birth });
} catch (error) {
  console.error(`\nBerth did not start. ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
