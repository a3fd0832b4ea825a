import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * Generates the Prisma client where its schema or version has changed since the last time.
 * @param {string} root
 * @returns {Promise<boolean>} whether anything was generated
 */
export async function generateClient(root) {
  const schema = join(root, 'prisma/schema.prisma');
  const text = await readFile(schema, 'utf8').catch(() => undefined);
  if (text === undefined) return false;

  const require = createRequire(join(root, 'package.json'));
  const { version } = require('prisma/package.json');
  const stamp = createHash('sha256').update(`${version}\n${text}`).digest('hex');
  const stampFile = join(root, '.berth/cache/prisma.stamp');
  const output = join(root, 'libs/persistence/generated');
  if ((await readFile(stampFile, 'utf8').catch(() => '')) === stamp && (await isThere(output))) return false;

  const scratch = join(root, '.berth/cache/tmp');
  await mkdir(scratch, { recursive: true });
  await run(process.execPath, [require.resolve('prisma/build/index.js'), 'generate', '--schema', schema], {
    cwd: root,
    env: {
      ...process.env,
      // `generate` needs no engine, yet downloads one unless told where it is: any executable will do.
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      // It leaves an empty folder behind each time.
      TMPDIR: scratch,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    },
  });
  await rm(scratch, { recursive: true, force: true });
  await writeFile(stampFile, stamp);
  return true;
}

function run(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`prisma generate failed (exit code ${code}). Check prisma/schema.prisma.\n${output}`));
    });
  });
}

function isThere(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}
