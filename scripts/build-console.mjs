/**
 * The console to dist/console, by Vite; each file also gzipped, since the API sends that where a browser takes it. Built
 * anew only where something that it is made of has changed.
 */
import { createHash } from 'node:crypto';
import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const SOURCES = ['services/console', 'libs/client', 'libs/contracts', 'libs/domain', 'package-lock.json'];
const STAMP = 'dist/console/.stamp';
const ZIPPED = /\.(js|css|html|svg)$/;

/**
 * @param {string} root
 * @returns {Promise<boolean>} whether there was anything to do
 */
export async function buildConsole(root) {
  const now = await stampOf(root);
  const before = await readFile(join(root, STAMP), 'utf8').catch(() => '');
  if (before === now) return false;
  const { build } = await import('vite');
  await build({ configFile: join(root, 'services/console/vite.config.ts'), logLevel: 'warn' });
  for (const file of await walk(join(root, 'dist/console'))) {
    if (ZIPPED.test(file)) await writeFile(`${file}.gz`, await promisify(gzip)(await readFile(file), { level: 9 }));
  }
  await writeFile(join(root, STAMP), now);
  return true;
}

async function stampOf(root) {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    const files = (await stat(join(root, source))).isDirectory()
      ? await walk(join(root, source))
      : [join(root, source)];
    for (const file of files.sort())
      hash
        .update(relative(root, file))
        .update('\0')
        .update(await readFile(file));
  }
  return hash.digest('hex');
}

async function walk(dir) {
  const entries = await readdir(dir, { withFileTypes: true });
  const found = await Promise.all(
    entries.map((entry) => {
      if (entry.isDirectory()) return entry.name === 'test' ? [] : walk(join(dir, entry.name));
      return [join(dir, entry.name)];
    }),
  );
  return found.flat();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const started = performance.now();
  const built = await buildConsole(fileURLToPath(new URL('..', import.meta.url)));
  console.log(`console: ${built ? 'built' : 'as it was'}, ${((performance.now() - started) / 1000).toFixed(2)} s`);
}
