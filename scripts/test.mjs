/**
 * `npm test`: everything that must hold, from a bare clone. This part is plain JavaScript without dependencies; it
 * brings in what the rest needs, then goes on in the same process with dist/scripts/check.js.
 */
import './bootstrap/node-version.mjs';
import { fileURLToPath } from 'node:url';
import { ensurePackages } from './bootstrap/install.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

try {
  await ensurePackages(root);
  const { build } = await import('./build.mjs');
  await build(root);
  const { buildConsole } = await import('./build-console.mjs');
  await buildConsole(root);
  const { check } = await import('../dist/scripts/check.js');
  process.exit(await check(root, process.argv.slice(2)));
} catch (error) {
  console.error(`\nThe tests did not run. ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
