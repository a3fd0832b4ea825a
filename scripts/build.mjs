/**
 * `npm run build`: every TypeScript file of libs/, services/ and scripts/ to dist/, one to one. Types are not
 * checked here (`npm run typecheck` does); so a warm build costs a walk over the files and nothing else.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateClient } from './bootstrap/prisma.mjs';

const TREES = ['libs', 'services', 'scripts'];
/** Vite builds the console; tests are read from source. */
const SKIPPED_DIRS = new Set(['node_modules', 'test', 'tests', '__tests__', 'console']);
const SOURCE = /(?<!\.d|\.spec)\.ts$/;
const OUTPUT = /\.js(\.map)?$/;
const PARALLEL = 16;

/**
 * @param {string} root
 * @returns {Promise<{ written: number, removed: number, total: number, generated: boolean }>}
 */
export async function build(root) {
  const generated = await generateClient(root);
  const cacheFile = join(root, '.berth/cache/build.json');
  const swcrc = await readFile(join(root, '.swcrc'), 'utf8');
  const { version } = createRequire(import.meta.url)('@swc/core/package.json');
  const key = hash(swcrc + version);
  const before = await readCache(cacheFile, key);

  const sources = (await Promise.all(TREES.map((tree) => walk(join(root, tree), SOURCE)))).flat();
  /** @type {Record<string, { mtimeMs: number, size: number, hash: string }>} */
  const after = {};
  let written = 0;
  await eachOf(sources, async (file) => {
    const name = relative(root, file);
    const { mtimeMs, size } = await stat(file);
    const output = outputOf(root, name);
    const known = before[name];
    const built = known !== undefined && (await exists(output));
    if (built && known.mtimeMs === mtimeMs && known.size === size) {
      after[name] = known;
      return;
    }
    const code = await readFile(file, 'utf8');
    const contentHash = hash(code);
    if (!built || known.hash !== contentHash) {
      await transpile(code, name, output, JSON.parse(swcrc));
      written += 1;
    }
    after[name] = { mtimeMs, size, hash: contentHash };
  });

  const removed = await removeStale(root, new Set(sources.map((file) => outputOf(root, relative(root, file)))));
  if (written > 0 || removed > 0) await writeWhole(cacheFile, JSON.stringify({ key, files: after }));
  return { written, removed, total: sources.length, generated };
}

async function transpile(code, name, output, options) {
  const { transform } = await import('@swc/core');
  const result = await transform(code, {
    ...options,
    $schema: undefined,
    swcrc: false,
    filename: name,
    sourceFileName: relative(dirname(output), join(output.slice(0, output.lastIndexOf(`${sep}dist${sep}`)), name)),
  });
  const map = `${basename(output)}.map`;
  await mkdir(dirname(output), { recursive: true });
  if (result.map) await writeWhole(`${output}.map`, result.map);
  await writeWhole(output, `${result.code}${result.map ? `//# sourceMappingURL=${map}\n` : ''}`);
}

async function removeStale(root, wanted) {
  let removed = 0;
  for (const tree of TREES) {
    for (const file of await walk(join(root, 'dist', tree), OUTPUT)) {
      if (wanted.has(file.replace(/\.map$/, ''))) continue;
      await rm(file, { force: true });
      removed += 1;
    }
  }
  return removed;
}

function outputOf(root, name) {
  return join(root, 'dist', name.replace(/\.ts$/, '.js'));
}

async function walk(dir, pattern) {
  const entries = await readdir(dir, { withFileTypes: true }).catch((error) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const found = await Promise.all(
    entries.map((entry) => {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) return SKIPPED_DIRS.has(entry.name) ? [] : walk(path, pattern);
      return entry.isFile() && pattern.test(entry.name) ? [path] : [];
    }),
  );
  return found.flat();
}

async function eachOf(items, work) {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}

async function readCache(file, key) {
  try {
    const cache = JSON.parse(await readFile(file, 'utf8'));
    return cache.key === key ? cache.files : {};
  } catch {
    return {};
  }
}

/** Written whole or not at all: a running process may load the file meanwhile, and a build may be killed. */
async function writeWhole(file, text) {
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  await writeFile(draft, text);
  await rename(draft, file);
}

function exists(file) {
  return stat(file).then(
    () => true,
    () => false,
  );
}

function hash(text) {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const started = performance.now();
  const root = fileURLToPath(new URL('..', import.meta.url));
  const { written, removed, total, generated } = await build(root);
  const client = generated ? 'Prisma client generated, ' : '';
  const seconds = ((performance.now() - started) / 1000).toFixed(2);
  console.log(`build: ${client}${written} of ${total} files written, ${removed} removed, ${seconds} s`);
}
