import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
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
