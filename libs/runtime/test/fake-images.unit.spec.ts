import { describe, expect, test } from '@jest/globals';
import { FakeRuntime } from '../fake-runtime.js';
import { failureOf, SpecFactory } from './contract-helpers.js';

const never = new AbortController().signal;
const labels = { 'berth.snapshot': 's1' };

async function prepared() {
  const runtime = new FakeRuntime({ images: ['tiny:1'] });
  const specs = new SpecFactory('tiny:1');
  const { id } = await runtime.create(specs.make(), never);
  const fresh = (await runtime.create(specs.make({ emptyVolumes: true }), never)).id;
  runtime.writeFile(id, '/data/a', 'one');
  await runtime.archive(id, '/data', 'data:1', { labels, signal: never });
  const calls = {
    commit: (signal = never) => runtime.commit(id, 'image:1', { labels, signal }),
    archive: (signal = never) => runtime.archive(id, '/data', 'data:2', { labels, signal }),
    unarchive: (signal = never) => runtime.unarchive('data:1', fresh, '/data', { signal }),
    flatten: (signal = never) => runtime.flatten('tiny:1', 'flat:1', { labels, signal }),
    findImage: (signal = never) => runtime.findImage('data:1', signal),
    removeImage: (signal = never) => runtime.removeImage('data:1', signal),
    listImages: (signal = never) => runtime.listImages('berth.snapshot=s1', signal),
    listVolumes: (signal = never) => runtime.listVolumes({ tenantId: specs.tenantId, botId: 'bot-1' }, signal),
    sweepHelpers: (signal = never) => runtime.sweepHelpers(0, signal),
  };
  const images = async () => (await runtime.listImages('berth.snapshot=s1', never)).map(({ ref }) => ref);
  return { runtime, id, fresh, calls, images };
}
type Name = keyof Awaited<ReturnType<typeof prepared>>['calls'];
const NAMES: Name[] = [
  'commit',
  'archive',
  'unarchive',
  'flatten',
  'findImage',
  'removeImage',
  'listImages',
  'listVolumes',
  'sweepHelpers',
];

describe.each(NAMES)('%s', (name) => {
  test('fails as it was told to, and does nothing', async () => {
    const { runtime, fresh, calls, images } = await prepared();
    runtime.faults.fail(name, 'disk_full');
    expect(await failureOf(calls[name]())).toMatchObject({ code: 'disk_full', retryable: false });
    expect(await images()).toEqual(['data:1']);
    expect(runtime.filesOf(fresh)).toEqual({});
  });

  test('hangs until it is given up', async () => {
    const { runtime, calls } = await prepared();
    const { reached } = runtime.faults.hang(name);
    const controller = new AbortController();
    const failed = failureOf(calls[name](controller.signal));
    await reached;
    controller.abort();
    expect(await failed).toMatchObject({ code: 'aborted' });
  });
});

test.each([
  ['commit', 'image:1'],
  ['archive', 'data:2'],
  ['flatten', 'flat:1'],
] as const)('%s may take effect and fail nevertheless', async (name, ref) => {
  const { runtime, calls, images } = await prepared();
  runtime.faults.failAfter(name, 'docker_unavailable');
  await failureOf(calls[name]());
  expect(await images()).toEqual(['data:1', ref]);
});

test('files are where a process would find them', async () => {
  const { runtime, id } = await prepared();
  runtime.writeFile(id, '/root/own', 'two');
  expect(runtime.filesOf(id)).toEqual({ '/data/a': 'one', '/root/own': 'two' });
  expect(runtime.readFile(id, '/data/a')).toBe('one');
  runtime.removeFile(id, '/data/a');
  expect(runtime.readFile(id, '/data/a')).toBeNull();
});

test('what a killed worker left is listed, swept, or removed by its id', async () => {
  const { runtime, images } = await prepared();
  const old = runtime.leaveHelper(labels, 60_000);
  const young = runtime.leaveHelper(labels);
  expect(await images()).toEqual(['data:1', old, young]);
  expect(await runtime.sweepHelpers(30_000, never)).toBe(1);
  expect(await images()).toEqual(['data:1', young]);
  await runtime.removeImage(young, never);
  expect(await images()).toEqual(['data:1']);
});

test('a commit stacks no more layers than an engine does', async () => {
  const { runtime } = await prepared();
  runtime.images.add('deep:1', { layers: 125 });
  const { id } = await runtime.create(new SpecFactory('deep:1').make(), never);
  runtime.writeFile(id, '/root/a', 'x');
  const failed = failureOf(runtime.commit(id, 'deep:2', { labels, signal: never }));
  expect(await failed).toMatchObject({ code: 'docker_error', retryable: false });
});
