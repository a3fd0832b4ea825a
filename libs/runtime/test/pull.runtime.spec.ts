import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { PullProgress } from '../port.js';
import { failureOf } from './contract-helpers.js';
import { openDockerSuite, type DockerSuite } from './docker-suite.js';
import { SmallRegistry } from './small-registry.js';

const never = new AbortController().signal;
let suite: DockerSuite;
let registry: SmallRegistry;

beforeAll(async () => {
  suite = await openDockerSuite();
  registry = await SmallRegistry.open(8 * 1024 * 1024);
}, 30_000);
afterAll(async () => {
  await registry.close();
  await suite.close();
}, 30_000);

test('pulls what is missing and tells its progress', async () => {
  const ref = registry.ref('box/tiny:1');
  const progress: PullProgress[] = [];
  try {
    const image = await suite.runtime.ensureImage(ref, { signal: never, onProgress: (each) => progress.push(each) });
    expect(image.ref).toBe(ref);
    expect((await suite.docker.getImage(ref).inspect()).Id).toBe(image.id);
    const percents = progress.map(({ percent }) => percent ?? 0);
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect(percents.some((percent) => percent > 0 && percent < 100)).toBe(true);
    expect(percents.at(-1)).toBe(100);
  } finally {
    await suite.docker.getImage(ref).remove({ force: true });
  }
}, 30_000);

test('says that the registry has no such image', async () => {
  for (const name of ['box/tiny:2', 'box/nothing:1', 'Not A Reference']) {
    const failure = await failureOf(suite.runtime.ensureImage(registry.ref(name), { signal: never }));
    expect(failure).toMatchObject({ code: 'image_not_found', retryable: false });
  }
});

test('says that the registry cannot be reached', async () => {
  // Port 1 is reserved and nobody's.
  for (const ref of ['127.0.0.1:1/box/tiny:1', 'registry.invalid/box/tiny:1']) {
    const failure = await failureOf(suite.runtime.ensureImage(ref, { signal: never }));
    expect(failure).toMatchObject({ code: 'image_pull_failed', retryable: true });
    expect(failure.message).not.toMatch(/dial|lookup/);
  }
}, 60_000);

test('asks no registry for what only Berth makes', async () => {
  const failure = await failureOf(suite.runtime.ensureImage('berth/snapshot:missing', { signal: never }));
  expect(failure).toMatchObject({ code: 'image_not_found', retryable: false });
});
