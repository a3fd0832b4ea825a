import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createDockerRuntime } from '../docker-runtime.js';
import type { ContainerRuntime } from '../port.js';
import { failureOf, SpecFactory } from './contract-helpers.js';
import { SmallEngine } from './small-engine.js';
import { ensureTinyImage } from './tiny-image.js';

const never = new AbortController().signal;
const MIB = 1024 * 1024;
const labels = { 'berth.suite': 'full-disk' };
let engine: SmallEngine;
let runtime: ContainerRuntime;
let specs: SpecFactory;
let dataDir: string;

beforeAll(async () => {
  engine = await SmallEngine.open(96);
  await ensureTinyImage(engine.dockerHost, 'tiny:1');
  dataDir = await mkdtemp(join(tmpdir(), 'berth-small-data-'));
  runtime = createDockerRuntime({ dockerHost: engine.dockerHost, dataDir });
  specs = new SpecFactory('tiny:1');
}, 120_000);
afterAll(async () => {
  await runtime.close();
  await rm(dataDir, { recursive: true, force: true });
  await engine.close();
}, 60_000);

/** A running container whose program has written so many bytes to this file. */
async function written(path: string, mib: number): Promise<string> {
  const script = `head -c ${mib * MIB} /dev/urandom > ${path} && echo done; sleep 3600`;
  const spec = specs.make({ network: 'none', command: ['sh', '-c', script] });
  const { id } = await runtime.create(spec, never);
  await runtime.start(id, never);
  for await (const { data } of runtime.logs(id, { tail: 10, follow: true, signal: AbortSignal.timeout(60_000) })) {
    if (data.toString().includes('done')) return id;
  }
  throw new Error('It was not written.');
}
async function leave(bytes: number): Promise<void> {
  await engine.fill((await engine.freeBytes()) - bytes);
}
/** Everything the engine has beside what the test made itself. */
async function leftovers(): Promise<string[]> {
  const [images, containers] = await Promise.all([
    engine.docker.listImages({ all: true }),
    engine.docker.listContainers({ all: true }),
  ]);
  const own = (await runtime.list()).map(({ id }) => id);
  return [
    ...images.flatMap(({ RepoTags, Id }) => RepoTags ?? [Id]).filter((name) => name !== 'tiny:1'),
    ...containers.filter(({ Id }) => !own.includes(Id)).map(({ Names }) => Names.join()),
  ];
}

describe('where the disk is full', () => {
  afterEach(async () => {
    await engine.fill(0);
    await specs.cleanUp(runtime);
    for (const { ref } of await runtime.listImages('berth.suite=full-disk', never))
      await runtime.removeImage(ref, never);
  }, 60_000);

  test('a commit fails, leaves nothing, and works once there is room', async () => {
    const id = await written('/root/big', 20);
    await runtime.pause(id, never);
    await leave(10 * MIB);
    const commit = () => runtime.commit(id, 'berth/full:1', { labels, signal: never });
    expect(await failureOf(commit())).toMatchObject({ code: 'disk_full', retryable: false });
    expect(await leftovers()).toEqual([]);
    expect(await runtime.inspect(id)).toMatchObject({ engineState: 'paused' });
    await runtime.resume(id, never);
    await engine.fill(0);
    expect(await commit()).toMatchObject({ layers: 2 });
  }, 120_000);

  test('an archive fails, leaves nothing, and works once there is room', async () => {
    const id = await written('/data/big', 20);
    await leave(10 * MIB);
    const archive = () => runtime.archive(id, '/data', 'berth/full:1', { labels, signal: never });
    expect(await failureOf(archive())).toMatchObject({ code: 'disk_full', retryable: false });
    expect(await leftovers()).toEqual([]);
    await engine.fill(0);
    expect(await archive()).toMatchObject({ layers: 1 });
  }, 120_000);

  test('so do unarchive and flatten', async () => {
    const id = await written('/data/big', 20);
    await runtime.archive(id, '/data', 'berth/full:1', { labels, signal: never });
    await runtime.remove(id, never);
    await specs.cleanUp(runtime);
    const fresh = await runtime.create(specs.make({ network: 'none', emptyVolumes: true }), never);
    await leave(10 * MIB);
    const calls = [
      () => runtime.unarchive('berth/full:1', fresh.id, '/data', { signal: never }),
      () => runtime.flatten('berth/full:1', 'berth/full:2', { labels, signal: never }),
    ];
    for (const call of calls) expect(await failureOf(call())).toMatchObject({ code: 'disk_full', retryable: false });
    expect(await leftovers()).toEqual(['berth/full:1']);
  }, 120_000);
});

test('an engine that is killed in the middle of an archive is unavailable, soon', async () => {
  const id = await written('/data/big', 30);
  // What runs would outlive its engine.
  await runtime.kill(id, never);
  let told = 0;
  const archive = runtime.archive(id, '/data', 'berth/full:1', {
    labels,
    signal: never,
    onProgress: () => {
      told += 1;
      if (told === 1) engine.kill('SIGKILL');
    },
  });
  expect(await failureOf(archive)).toMatchObject({ code: 'docker_unavailable', retryable: true });
}, 120_000);
