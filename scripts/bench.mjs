/** `npm run bench`: measures Berth beside raw Docker. Brings in what it needs, then goes on in dist/scripts/bench.js. */
import './bootstrap/node-version.mjs';
import { fileURLToPath } from 'node:url';
import { ensurePackages } from './bootstrap/install.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

try {
  await ensurePackages(root);
  const { build } = await import('./build.mjs');
  await build(root);
  const { runBench } = await import('../dist/scripts/bench.js');
  await runBench(root);
  process.exit(0);
} catch (error) {
  console.error(`\nThe bench did not run. ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
