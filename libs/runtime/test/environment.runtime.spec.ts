import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { failureOf } from './contract-helpers.js';
import { openDockerSuite, type DockerSuite } from './docker-suite.js';

const never = new AbortController().signal;
const SECRET = `it's "very" $secret\nindeed \\ \``;
let suite: DockerSuite;

beforeAll(async () => {
  suite = await openDockerSuite();
  await suite.runtime.prepareNode();
}, 30_000);
afterEach(() => suite.specs.cleanUp(suite.runtime), 30_000);
afterAll(() => suite.close(), 30_000);

async function outputUntil(id: string, end: string): Promise<string> {
  let text = '';
  for await (const { data } of suite.runtime.logs(id, {
    tail: 100,
    follow: true,
    signal: AbortSignal.timeout(10_000),
  })) {
    text += data.toString();
    if (text.includes(end)) break;
  }
  return text;
}
const files = () => readdir(join(suite.dataDir, 'env')).catch(() => []);

test('reaches the command and no inspection', async () => {
  const spec = suite.specs.make({
    command: ['sh', '-c', 'printf "%s|%s\\n" "$SECRET" "$0 $1"; sleep 3600', 'arg zero', "arg 'one'"],
    env: { SECRET },
  });
  const { id } = await suite.runtime.create(spec, never);
  await suite.runtime.start(id, never);
  expect(await outputUntil(id, "'one'")).toBe(`${SECRET}|arg zero arg 'one'\n`);
  const raw = JSON.stringify(await suite.docker.getContainer(id).inspect());
  expect(raw).not.toContain('secret');
  expect(await readFile(join(suite.dataDir, 'env', spec.name), 'utf8')).toContain('very');
}, 20_000);

test('stops quickly, since the shell makes way for the command', async () => {
  const spec = suite.specs.make({ command: ['sleep', '3600'], env: { A: '1' } });
  const { id } = await suite.runtime.create(spec, never);
  await suite.runtime.start(id, never);
  const asked = performance.now();
  await suite.runtime.stop(id, 10, never);
  expect(performance.now() - asked).toBeLessThan(5_000);
  expect(await suite.runtime.inspect(id)).toMatchObject({ exitCode: 143 });
}, 20_000);

test('is written anew by every create and removed with the container', async () => {
  const spec = suite.specs.make({ command: ['sleep', '3600'], env: { A: 'first' } });
  const { id } = await suite.runtime.create(spec, never);
  await suite.runtime.create({ ...spec, env: { A: 'second' } }, never);
  expect(await readFile(join(suite.dataDir, 'env', spec.name), 'utf8')).toBe("export A='second'\n");
  await suite.runtime.remove(id, never);
  expect(await files()).toEqual([]);
});

test('cannot be changed from inside', async () => {
  const { id } = await suite.runtime.create(suite.specs.make({ command: ['sleep', '3600'], env: { A: '1' } }), never);
  await suite.runtime.start(id, never);
  expect((await suite.exec(id, ['sh', '-c', 'echo x > /run/berth/env'])).exitCode).not.toBe(0);
  expect((await suite.exec(id, ['umount', '/run/berth/env'])).exitCode).not.toBe(0);
}, 20_000);

test('leaves nothing on the node without a command', async () => {
  const { id } = await suite.runtime.create(suite.specs.make({ env: { SECRET } }), never);
  expect(await files()).toEqual([]);
  expect(JSON.stringify(await suite.docker.getContainer(id).inspect())).not.toContain('very');
});

test('fails the start where the command is missing', async () => {
  const spec = suite.specs.make({ command: ['/nonexistent/program'], env: { A: '1' } });
  const { id } = await suite.runtime.create(spec, never);
  expect(await failureOf(suite.runtime.start(id, never))).toMatchObject({ code: 'start_failed', exitCode: 127 });
}, 20_000);

test('reaches the command under names that a shell keeps for itself', async () => {
  const kept = { OPTIND: 'x', PPID: '1', LINENO: 'x', UID: '5', RANDOM: 'x', SHLVL: 'x', IFS: '/' };
  // The engine keeps the log of a line until the line has ended.
  const env = { TOKEN: SECRET, ...kept, PS4: 'last\n' };
  // Says what it was given, and stays up.
  const command = ['tail', '-c', '+1', '-f', '/proc/self/environ'];
  const { id } = await suite.runtime.create(suite.specs.make({ command, env }), never);
  await suite.runtime.start(id, never);
  const told = (await outputUntil(id, 'PS4=last\n')).split('\0');
  expect(told).toEqual(expect.arrayContaining(Object.entries(env).map(([name, value]) => `${name}=${value}`)));
});

describe('an image without a shell', () => {
  const image = () => `${suite.image}-bare`;
  const command = ['/bin/busybox', 'sleep', '3600'];
  beforeAll(async () => {
    const source = await suite.docker.createContainer({ Image: suite.image, Cmd: ['rm', '/bin/sh'] });
    try {
      await source.start();
      await source.wait();
      const [repo, tag] = image().split(':');
      await source.commit({ repo, tag });
    } finally {
      await source.remove();
    }
  });
  afterAll(() => suite.docker.getImage(image()).remove());

  test('is refused where env needs one, and the command is not blamed', async () => {
    const spec = suite.specs.make({ image: image(), command, env: { A: '1' } });
    const failure = await failureOf(suite.runtime.create(spec, never));
    expect(failure).toMatchObject({ code: 'start_failed', retryable: false });
    expect(failure.message).toMatch(/no \/bin\/sh.* env /);
    expect(await suite.runtime.inspect(spec.name)).toBeNull();
    expect(await files()).toEqual([]);
  });

  test('runs a command without env, and blames one that is missing', async () => {
    const { id } = await suite.runtime.create(suite.specs.make({ image: image(), command }), never);
    await suite.runtime.start(id, never);
    expect(await suite.runtime.inspect(id)).toMatchObject({ engineState: 'running' });
    const spec = suite.specs.make({ image: image(), command: ['/nonexistent'] });
    const failure = await failureOf(suite.runtime.start((await suite.runtime.create(spec, never)).id, never));
    expect(failure.message).toContain('its command was not found');
  });
});
