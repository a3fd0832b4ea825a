import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { System } from '../support/system.js';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../../..');
const TSC = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
/** Kibibytes, minified and compressed, without socket.io-client: pages load it. */
const SIZE_LIMIT = 10;

const OPTIONS = {
  target: 'es2022',
  module: 'nodenext',
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true,
};

/** The folders of a package and of all that it depends on. */
async function dependenciesOf(name: string, found = new Map<string, string>()): Promise<string[]> {
  if (found.has(name)) return [];
  const folder = join(ROOT, 'node_modules', name);
  found.set(name, folder);
  const { dependencies = {} } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
  };
  for (const each of Object.keys(dependencies)) await dependenciesOf(each, found);
  return [...found.values()];
}

/** The package as whoever installs it has it: packed, and installed into an empty project. */
export function packaged(system: () => System): void {
  let project: string;
  let size: number;
  const inProject = async (file: string, text: string): Promise<string> => {
    await writeFile(join(project, file), text);
    return join(project, file);
  };
  const checked = (file: string, options: object): Promise<unknown> =>
    inProject('tsconfig.json', JSON.stringify({ compilerOptions: { ...OPTIONS, ...options }, files: [file] })).then(
      () =>
        run(process.execPath, [TSC, '-p', project]).catch((error: { stdout: string }) =>
          Promise.reject(new Error(error.stdout)),
        ),
    );
  const asEnvironment = (): NodeJS.ProcessEnv => ({
    PATH: process.env['PATH'],
    URL: system().services.url,
    KEY: system().services.apiKey,
  });

  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), 'berth-client-'));
    const folder = join(project, 'built');
    const { stdout: told } = await run(process.execPath, [join(ROOT, 'scripts/build-client.mjs'), folder]);
    size = Number(/([\d.]+) KiB/.exec(told)?.[1]);
    await inProject('package.json', JSON.stringify({ name: 'empty', private: true, type: 'module' }));
    // What it depends on comes from here too, packed as it was installed: tests reach no registry.
    const folders = [folder, ...(await dependenciesOf('socket.io-client'))];
    const packing = ['pack', ...folders, '--pack-destination', project, '--ignore-scripts', '--json'];
    const { stdout } = await run('npm', packing, { cwd: project });
    const packages = (JSON.parse(stdout) as { filename: string }[]).map(({ filename }) => join(project, filename));
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund', ...packages], { cwd: project });
  }, 120_000);
  afterAll(() => rm(project, { recursive: true, force: true }));

  test('is small, and brings one dependency and no schema', async () => {
    expect(size).toBeLessThan(SIZE_LIMIT);
    const installed = join(project, 'node_modules/@berth/client');
    const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as { dependencies: object };
    expect(Object.keys(manifest.dependencies)).toEqual(['socket.io-client']);
    const code = await readFile(join(installed, 'index.js'), 'utf8');
    expect([...code.matchAll(/^import .* from "(.*)";$/gm)].map(([, name]) => name)).toEqual(['socket.io-client']);
    await expect(readFile(join(project, 'node_modules/zod/package.json'))).rejects.toThrow('ENOENT');
  });

  test('is used by a script of plain Node', async () => {
    const { id } = system().bot('packaged');
    const script = await inProject(
      'script.js',
      `import { BerthClient, BerthError } from '@berth/client';
       const client = new BerthClient({ url: process.env.URL, token: process.env.KEY });
       const container = client.bots.container('${id}');
       await container.create({ start: true }, { wait: 45 });
       const { stdout } = await client.bots.exec('${id}', { command: 'echo from the container' });
       const live = client.live();
       const { container: now } = await live.subscribe({ botId: '${id}' }, {}).ready;
       live.close();
       const error = await client.bots.container('nobody').start().catch((thrown) => thrown);
       console.log(JSON.stringify([stdout, now.status, error instanceof BerthError, error.code]));`,
    );
    const { stdout } = await run(process.execPath, [script], { cwd: project, env: asEnvironment() });
    expect(JSON.parse(stdout)).toEqual(['from the container\n', 'running', true, 'bot_not_found']);
  });

  test('its types stand by themselves, in browsers and in Node, and refuse what is wrong', async () => {
    const code = `
      import { BerthClient, type Container, type StreamItem } from '@berth/client';
      const client = new BerthClient({ url: '', token: 'x', retries: 1 });
      export const one: Promise<Container> = client.bots.container('alice').get();
      export const status: Promise<'running' | string> = one.then((container) => container.status);
      export async function follow(): Promise<void> {
        for await (const item of client.events({ botId: 'alice', after: 3 })) {
          const known: StreamItem = item;
          if (known.type === 'reset') known.container.version.toFixed();
          else known.data.status.toUpperCase();
        }
      }
      void client.bots.container('alice').create({ resources: { cpus: 1 }, env: { TZ: 'UTC' } }, { wait: 3, ifMatch: 2 });
      // @ts-expect-error
      void client.bots.container('alice').create({ resource: {} });
      // @ts-expect-error
      void client.bots.list({ status: 'asleep' });
      // @ts-expect-error
      one.then((container) => container.none);
      // @ts-expect-error
      client.events({ botId: 3 });
    `;
    await inProject('types.ts', code);
    await checked('types.ts', { lib: ['es2022', 'dom', 'dom.iterable', 'dom.asynciterable'], types: [] });
    await symlink(join(ROOT, 'node_modules/@types'), join(project, 'node_modules/@types'));
    await symlink(join(ROOT, 'node_modules/undici-types'), join(project, 'node_modules/undici-types'));
    await checked('types.ts', { lib: ['es2022'], types: ['node'] });
  });

  test('the examples of its README compile, and run as they stand', async () => {
    const readme = await readFile(join(project, 'node_modules/@berth/client/README.md'), 'utf8');
    const examples = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = '']) => code);
    expect(examples.length).toBeGreaterThanOrEqual(6);
    const { id } = system().bot('readme');
    const code = examples.join('\n').replaceAll("'alice'", `'${id}'`);
    await inProject('readme.ts', code);
    await checked('readme.ts', {
      lib: ['es2022', 'esnext.disposable'],
      types: ['node'],
      noEmit: false,
      exactOptionalPropertyTypes: false,
    });
    const { stdout } = await run(process.execPath, [join(project, 'readme.js')], {
      cwd: project,
      env: asEnvironment(),
    });
    for (const told of [
      'running\n',
      '0 hello\nLinux\n',
      'it says 1',
      'precious\n',
      'begun\n',
      ' container.status running\n',
      'connected\n',
      'from a terminal\r\n',
      'known good ready\n',
      'bot_not_found 404 ',
    ]) {
      expect(stdout).toContain(told);
    }
  });
}
