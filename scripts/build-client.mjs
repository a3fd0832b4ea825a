/**
 * `npm run build:client`: libs/client to dist/client, or to the folder that is named, as the npm package `@berth/client`. One file of code, whose only
 * import is socket.io-client; declarations in which the types of the contract are written out, so that whoever installs
 * it needs nothing of what they are made from.
 */
import { build } from 'esbuild';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { declarationsOf } from './client-package/declarations.mjs';

/** Browsers and Node of the last years: private members, `at`, and no more than that. */
const TARGET = 'es2022';

/** Returns the size of its code, minified and compressed. Bytes. */
async function buildClient(root, folder) {
  const entry = join(root, 'libs/client/index.ts');
  const bundled = (minify) =>
    build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      minify,
      format: 'esm',
      platform: 'neutral',
      target: TARGET,
      external: ['socket.io-client'],
      // Its options are for the whole repository, decorators and all.
      tsconfigRaw: {},
      logLevel: 'warning',
    }).then(({ outputFiles }) => outputFiles[0].text);
  const [code, small, manifest] = await Promise.all([bundled(false), bundled(true), manifestOf(root)]);
  const files = { ...declarationsOf(root, entry), 'index.js': code, 'package.json': manifest };

  await rm(folder, { recursive: true, force: true });
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  await copyFile(join(root, 'libs/client/README.md'), join(folder, 'README.md'));
  await copyFile(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  return gzipSync(small).length;
}

async function manifestOf(root) {
  const { version, license, engines, dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const manifest = {
    name: '@berth/client',
    version,
    description: 'The typed client of Berth, for Node and browsers.',
    license,
    type: 'module',
    sideEffects: false,
    engines,
    exports: { '.': { types: './types/index.d.ts', default: './index.js' } },
    files: ['index.js', 'types'],
    dependencies: { 'socket.io-client': dependencies['socket.io-client'] },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = resolve(process.argv[2] ?? join(root, 'dist/client'));
const bytes = await buildClient(root, folder);
console.log(`build:client: ${folder}, ${(bytes / 1024).toFixed(1)} KiB minified and compressed`);
