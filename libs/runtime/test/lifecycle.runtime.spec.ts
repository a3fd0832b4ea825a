import { Readable } from 'node:stream';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { ContainerSpec } from '../port.js';
import { tarOf } from '../tar.js';
import { EventLog, failureOf } from './contract-helpers.js';
import { openDockerSuite, type DockerSuite } from './docker-suite.js';

const never = new AbortController().signal;
let suite: DockerSuite;

beforeAll(async () => {
  suite = await openDockerSuite();
  await suite.runtime.prepareNode();
}, 30_000);
afterEach(() => suite.specs.cleanUp(suite.runtime), 30_000);
afterAll(() => suite.close(), 30_000);

async function created(parts: Partial<ContainerSpec> = {}): Promise<string> {
  return (await suite.runtime.create(suite.specs.make({ network: 'none', ...parts }), never)).id;
}

describe('exits', () => {
  // Ends with 4 the first time, and stays up the second.
  const command = ['sh', '-c', 'test -f /data/seen && sleep 3600; touch /data/seen; exit 4'];

  test('are told even when the engine has restarted the process in between', async () => {
    const spec = suite.specs.make({ network: 'none', command });
    const log = new EventLog(suite.runtime, { identity: spec.identity });
    await log.opened;
    const { id } = await suite.runtime.create(spec, never);
    await suite.runtime.start(id, never);
    await log.until('start', 2);
    expect(await suite.runtime.inspect(id)).toMatchObject({ engineState: 'running' });
    expect(await suite.runtime.exitWithin(id, 50, never)).toEqual({ code: 4 });
    // What happened before the last start is history.
    await suite.runtime.start(id, never);
    expect(await suite.runtime.exitWithin(id, 50, never)).toBeNull();
    await log.close();
  }, 20_000);

  test('are not made up by a watcher that came later', async () => {
    const id = await created();
    await suite.runtime.start(id, never);
    await suite.runtime.kill(id, never);
    await suite.docker.getContainer(id).start();
    const other = suite.openAnother();
    expect(await other.exitWithin(id, 50, never)).toBeNull();
    await other.close();
  }, 20_000);

  test('stop counting when a container is stopped between two restarts', async () => {
    const id = await created({ command: ['sh', '-c', 'exit 5'] });
    await suite.runtime.start(id, never);
    await suite.runtime.kill(id, never);
    expect(await suite.runtime.inspect(id)).toMatchObject({ engineState: 'exited', exitCode: 5 });
  }, 20_000);
});

describe('removal', () => {
  test('leaves the volumes, those that the image declares too', async () => {
    const spec = suite.specs.make({ network: 'none' });
    const image = `${suite.image}-volume`;
    const source = await suite.docker.createContainer({ Image: suite.image, Cmd: ['true'] });
    try {
      const [repo, tag] = image.split(':');
      await source.commit({ repo, tag, changes: 'VOLUME /scratch' });
      const container = await suite.runtime.create({ ...spec, image }, never);
      expect(container.mounts.map((mount) => mount.container).sort()).toEqual(['/data', '/scratch']);
      await suite.runtime.remove(container.id, never);
      const volumes = await suite.runtime.listVolumes(spec.identity, never);
      expect(volumes).toEqual(container.mounts.map(({ name }) => name).sort());
      for (const name of volumes) await suite.runtime.removeVolume(name, spec.identity, never);
      expect(await suite.runtime.listVolumes(spec.identity, never)).toEqual([]);
    } finally {
      await source.remove();
      await suite.docker.getImage(image).remove();
    }
  }, 20_000);

  test('is a success for everybody who asks at once', async () => {
    const id = await created();
    await suite.runtime.start(id, never);
    await Promise.all([1, 2, 3].map(() => suite.runtime.remove(id, never)));
    expect(await suite.runtime.inspect(id)).toBeNull();
  }, 20_000);
});

test('one container comes of creates that race', async () => {
  const spec = suite.specs.make({ network: 'none' });
  const made = await Promise.all([1, 2, 3, 4].map(() => suite.runtime.create(spec, never)));
  expect(new Set(made.map(({ id }) => id)).size).toBe(1);
}, 20_000);

test('volumes say whose they are', async () => {
  const spec = suite.specs.make({ network: 'none' });
  await suite.runtime.create(spec, never);
  const volume = await suite.docker.getVolume(spec.volumes[0]?.name ?? '').inspect();
  expect(volume.Labels).toEqual({
    'berth.managed': 'true',
    'berth.tenant': spec.identity.tenantId,
    'berth.bot': spec.identity.botId,
  });
});

test('a container that asks for more than the node has is refused for good', async () => {
  const failure = await failureOf(created({ resources: { cpus: 10_000, memoryMb: 64, pids: 10 } }));
  expect(failure).toMatchObject({ code: 'docker_error', retryable: false });
});

test('load and disk are measured', async () => {
  const id = await created({ command: ['sh', '-c', 'while :; do :; done'] });
  await suite.runtime.start(id, never);
  for (const [file, count] of [
    ['/data/file', 3],
    ['/root/file', 2],
  ]) {
    const write = await suite.exec(id, ['dd', 'if=/dev/zero', `of=${file}`, 'bs=1M', `count=${count}`]);
    expect(write).toMatchObject({ exitCode: 0 });
  }
  let stats = await suite.runtime.stats(id, never);
  // A busy machine has little for it at times.
  for (const deadline = Date.now() + 30_000; stats.cpuPercent <= 5 && Date.now() < deadline;) {
    stats = await suite.runtime.stats(id, never);
  }
  expect(stats.cpuPercent).toBeGreaterThan(5);
  // Half a CPU is all it was given; the rest is the coarseness of two close samples.
  expect(stats.cpuPercent).toBeLessThan(80);
  expect(stats.disk.dataBytes).toBeGreaterThanOrEqual(3 * 1024 * 1024);
  expect(stats.disk.rootBytes).toBeGreaterThanOrEqual(2 * 1024 * 1024);
}, 60_000);

test('a long log is read no faster than it is taken', async () => {
  // As long as a log gets before the engine begins the next file of it, at which a slow reader would lose some.
  const lines = 80_000;
  const id = await created({
    command: ['sh', '-c', `yes 0123456789012345678901234567890123456789 | head -n ${lines}; sleep 3600`],
  });
  await suite.runtime.start(id, never);
  let bytes = 0;
  const signal = AbortSignal.timeout(45_000);
  for await (const { data } of suite.runtime.logs(id, { tail: 1_000_000, follow: true, signal })) {
    bytes += data.length;
    // Lets the socket fill up, so that the engine has to wait.
    if (bytes % (41 * 1000) === 0) await delay(0);
    if (bytes >= 41 * lines) break;
  }
  expect(bytes).toBe(41 * lines);
}, 60_000);

test('a log that is followed leaves no connection behind', async () => {
  const id = await created();
  await suite.runtime.start(id, never);
  const before = process.getActiveResourcesInfo().filter((name) => name.includes('Pipe')).length;
  for (let i = 0; i < 20; i++) {
    const controller = new AbortController();
    const log = suite.runtime.logs(id, { tail: 1, follow: true, signal: controller.signal })[Symbol.asyncIterator]();
    const next = log.next();
    const aborted = once(controller.signal, 'abort');
    setImmediate(() => controller.abort());
    await aborted;
    expect(await next).toMatchObject({ done: true });
  }
  await suite.runtime.inspect(id);
  const left = () => process.getActiveResourcesInfo().filter((name) => name.includes('Pipe')).length;
  const deadline = Date.now() + 5_000;
  while (left() > before && Date.now() < deadline) await delay(10);
  expect(left()).toBeLessThanOrEqual(before);
}, 20_000);

test('an image without what keeps a container up is told as such, and nothing of it stays', async () => {
  const image = `berth-test/bare-${suite.networkName}:1`;
  const [repo, tag] = image.split(':');
  const answer = await suite.docker.importImage(Readable.from([tarOf({ file: 'x' })]), { repo, tag });
  for await (const _line of answer as Readable);
  try {
    const spec = suite.specs.make({ network: 'none', image });
    const failure = await failureOf(suite.runtime.create(spec, never));
    expect(failure).toMatchObject({ code: 'start_failed', retryable: false, exitCode: 127 });
    expect(failure.message).toContain('sleep');
    expect(await suite.runtime.inspect(spec.name)).toBeNull();
    // With a command of its own, that is its owner's to know.
    const own = await suite.runtime.create(suite.specs.make({ network: 'none', image, command: ['/file'] }), never);
    expect(own).toMatchObject({ engineState: 'created' });
    await suite.runtime.remove(own.id, never);
  } finally {
    await suite.docker.getImage(image).remove();
  }
}, 60_000);
