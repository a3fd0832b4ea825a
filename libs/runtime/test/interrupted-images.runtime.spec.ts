import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { waitFor } from '#testing';
import { engineOwner } from '../engine-owner.js';
import type { ContainerRuntime } from '../port.js';
import { tarOf } from '../tar.js';
import { failureOf } from './contract-helpers.js';
import { openDockerSuite, type DockerSuite } from './docker-suite.js';

const never = new AbortController().signal;
let suite: DockerSuite;
let labels: Record<string, string>;
let label: string;

beforeAll(async () => {
  suite = await openDockerSuite();
  await suite.runtime.prepareNode();
  labels = { 'berth.suite': suite.networkName };
  label = `berth.suite=${suite.networkName}`;
}, 60_000);
afterEach(async () => {
  await suite.specs.cleanUp(suite.runtime);
  for (const { ref } of await suite.runtime.listImages(label, never)) await suite.runtime.removeImage(ref, never);
}, 60_000);
afterAll(() => suite.close(), 60_000);

const nameOf = (tag: string) => `berth/suite-${suite.networkName}:${tag}`;

/** A running container with 60 MB in its volume and as many in its root filesystem. */
async function filled(): Promise<string> {
  const first = await suite.runtime.create(suite.specs.make({ network: 'none' }), never);
  await suite.runtime.start(first.id, never);
  const written = await suite.exec(first.id, ['sh', '-c', 'head -c 60000000 /dev/urandom | tee /data/big > /root/big']);
  expect(written).toMatchObject({ exitCode: 0 });
  return first.id;
}
async function left(): Promise<string[]> {
  return (await suite.runtime.listImages(label, never)).map(({ ref }) => ref);
}
type Call = (runtime: ContainerRuntime, signal: AbortSignal, onProgress: () => void) => Promise<unknown>;

describe('given up in the middle', () => {
  test.each(['archive', 'unarchive', 'flatten'])(
    '%s ends soon and leaves nothing',
    async (name) => {
      const id = await filled();
      await suite.runtime.archive(id, '/data', nameOf('data'), { labels, signal: never });
      await suite.runtime.commit(id, nameOf('deep'), { labels, signal: never });
      const fresh = await suite.runtime.create(suite.specs.make({ network: 'none', emptyVolumes: true }), never);
      const before = (await left()).sort();
      const calls: Record<string, Call> = {
        archive: (runtime, signal, onProgress) =>
          runtime.archive(id, '/data', nameOf('x'), { labels, signal, onProgress }),
        unarchive: (runtime, signal, onProgress) =>
          runtime.unarchive(nameOf('data'), fresh.id, '/data', { signal, onProgress }),
        flatten: (runtime, signal, onProgress) =>
          runtime.flatten(nameOf('deep'), nameOf('x'), { labels, signal, onProgress }),
      };
      const controller = new AbortController();
      let abortedAt = 0;
      const failed = failureOf(
        calls[name]?.(suite.runtime, controller.signal, () => {
          abortedAt ||= performance.now();
          controller.abort();
        }) ?? Promise.resolve(),
      );
      expect(await failed).toMatchObject({ code: 'aborted' });
      expect(performance.now() - abortedAt).toBeLessThan(15_000);
      expect((await left()).sort()).toEqual(before);
      // Nor does the engine finish it behind our back.
      await suite.runtime.remove(id, never);
      await suite.runtime.remove(fresh.id, never);
      expect((await left()).sort()).toEqual(before);
      expect(await suite.runtime.findImage(nameOf('x'), never)).toBeNull();
    },
    120_000,
  );
});

describe('a worker that died', () => {
  test('leaves a helper, which is found by its label and removed by its id', async () => {
    const id = await filled();
    const worker = suite.openAnother();
    const archive = worker.archive(id, '/data', nameOf('x'), {
      labels,
      signal: never,
      onProgress: () => void worker.close(),
    });
    expect(await failureOf(archive)).toMatchObject({ code: 'aborted' });
    const found = await suite.runtime.listImages(label, never);
    expect(found).toEqual([expect.objectContaining({ ref: expect.stringMatching(/^[0-9a-f]{64}$/) })]);
    expect(found[0]?.labels).toMatchObject(labels);
    expect((await suite.runtime.list()).map((container) => container.id)).not.toContain(found[0]?.ref);
    await suite.runtime.removeImage(found[0]?.ref ?? '', never);
    expect(await left()).toEqual([]);
    // A container that is no helper is no image's name.
    await suite.runtime.removeImage(id, never);
    expect(await suite.runtime.inspect(id)).toMatchObject({ engineState: 'running' });
  }, 120_000);

  test('leaves nothing that a sweep does not find', async () => {
    const old = new Date(Date.now() - 7_200_000).toISOString();
    const owner = engineOwner(suite.dataDir);
    const helper = await suite.docker.createContainer({
      name: `berth-helper-${suite.networkName}`,
      Image: suite.image,
      Cmd: ['never'],
      Labels: { ...labels, 'berth.managed': '', 'berth.helper': old, 'berth.owner': owner },
    });
    const changes = [
      `LABEL berth.part="${old}"`,
      `LABEL berth.suite="${suite.networkName}"`,
      `LABEL berth.owner="${owner}"`,
    ];
    const answer = await suite.docker.importImage(Readable.from([tarOf({ file: old })]), { changes });
    for await (const _line of answer as Readable);
    expect(await left()).toHaveLength(2);
    // Another installation on the same engine leaves them alone, however old they are.
    const stranger = suite.openStranger();
    expect(await stranger.sweepHelpers(0, never)).toBe(0);
    await stranger.close();
    expect(await suite.runtime.sweepHelpers(10_800_000, never)).toBe(0);
    expect(await left()).toHaveLength(2);
    expect(await suite.runtime.sweepHelpers(3_600_000, never)).toBe(2);
    expect(await left()).toEqual([]);
    await expect(helper.inspect()).rejects.toMatchObject({ statusCode: 404 });
  }, 60_000);

  test('leaves nothing that keeps a volume from being removed', async () => {
    const made = await suite.runtime.create(suite.specs.make({ network: 'none' }), never);
    const [mount] = made.mounts;
    const helper = await suite.docker.createContainer({
      name: `berth-helper-${suite.networkName}`,
      Image: suite.image,
      Cmd: ['never'],
      Labels: {
        'berth.managed': '',
        'berth.helper': new Date().toISOString(),
        'berth.owner': engineOwner(suite.dataDir),
      },
      HostConfig: { Mounts: [{ Type: 'volume', Source: mount?.name ?? '', Target: '/berth-volume' }] },
    });
    await suite.runtime.remove(made.id, never);
    const { tenantId, botId } = made.identity ?? { tenantId: '', botId: '' };
    await suite.runtime.removeVolume(mount?.name ?? '', { tenantId, botId }, never);
    await expect(helper.inspect()).rejects.toMatchObject({ statusCode: 404 });
    await expect(suite.docker.getVolume(mount?.name ?? '').inspect()).rejects.toMatchObject({ statusCode: 404 });
  }, 60_000);

  test('a file whose name would delete another one is not captured, and told', async () => {
    const id = await filled();
    await suite.exec(id, ['sh', '-c', 'touch /root/.wh.big /data/.wh.big']);
    const failure = await failureOf(suite.runtime.commit(id, nameOf('wh'), { labels, signal: never }));
    expect(failure).toMatchObject({ code: 'docker_error', retryable: false });
    expect(failure.message).toContain('/root/.wh.big');
    await waitFor(async () => (await left()).length === 0, { what: 'what was made to be gone' });
    await suite.exec(id, ['rm', '/root/.wh.big']);
    expect(await suite.runtime.commit(id, nameOf('wh'), { labels, signal: never })).toMatchObject({ layers: 2 });
    await suite.runtime.removeImage(nameOf('wh'), never);
  }, 120_000);

  test('leaves an image without a name that its container keeps, and a sweep once that is gone', async () => {
    const id = await filled();
    const { id: made } = await suite.runtime.commit(id, nameOf('a'), { labels, signal: never });
    const copy = await suite.runtime.create(suite.specs.make({ network: 'none', image: nameOf('a') }), never);
    await suite.runtime.removeImage(nameOf('a'), never);
    await suite.runtime.sweepHelpers(3_600_000, never);
    expect(await suite.runtime.findImage(made, never)).not.toBeNull();
    // By other hands than the runtime's.
    await suite.docker.getContainer(copy.id).remove();
    expect(await suite.runtime.findImage(made, never)).not.toBeNull();
    await suite.runtime.sweepHelpers(3_600_000, never);
    expect(await suite.runtime.findImage(made, never)).toBeNull();
  }, 120_000);
});
