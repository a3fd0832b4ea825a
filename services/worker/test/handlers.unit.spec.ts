import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { containerName, dataVolumeName, nameChoices, type BotFacts } from '#domain';
import { FakeRuntime, RuntimeFailure, type FakeProgram } from '#runtime';
import { LINGER_MS } from '../handlers/linger.js';
import { Handling } from './handling.js';
import { acts, IMAGE, settings } from './bench.js';

let work: Handling;
beforeEach(() => {
  work = new Handling();
});
afterEach(() => {
  jest.useRealTimers();
});

const failure = async (run: Promise<unknown>): Promise<RuntimeFailure> => {
  const error: unknown = await run.then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof RuntimeFailure) return error;
  throw error;
};
const command = (script: string) => ({ settings: settings({ command: ['sh', '-c', script] }), start: true });

describe('create', () => {
  test('makes the container with its data volume and tells all there is to know', async () => {
    work.runtime.images.clear();
    work.runtime.pullable.add(IMAGE);
    const facts = await work.do('create');
    expect(facts).toMatchObject({
      state: 'stopped',
      image: { ref: IMAGE },
      incarnation: 1,
      hasData: true,
      exit: null,
      startedAt: null,
      paths: [{ name: 'data', container: '/data', persistent: true, volume: dataVolumeName(work.bot) }],
    });
    expect(facts.settings).toEqual(settings());
    expect(work.phases).toEqual(['pulling', 'pulling null', 'pulling 50', 'pulling 100', 'creating']);
    expect(acts(work.runtime)).toEqual(['create']);
    expect(await work.seen(containerName(work.bot, 1))).toMatchObject({
      engineState: 'created',
      id: facts.containerId,
    });
  });

  test('starts it if asked to', async () => {
    expect(await work.do('create', { start: true })).toMatchObject({ state: 'running', exit: null });
    expect(acts(work.runtime)).toEqual(['create', 'start']);
    expect(work.phases.at(-1)).toBe('starting');
  });

  test('gives the values of env to a command, and waits whether it stays up', async () => {
    jest.useFakeTimers();
    let given: Record<string, string> = {};
    const program: FakeProgram = (_, env) => {
      given = env;
      return { output: [], exitCode: null };
    };
    work = new Handling(new FakeRuntime({ images: [IMAGE], program }));
    const run = work.do('create', command('sleep 9'), { TOKEN: 'x' });
    await jest.advanceTimersByTimeAsync(1_000);
    expect(await run).toMatchObject({ state: 'running' });
    expect(given).toEqual({ TOKEN: 'x' });
  });

  test.each([
    ['exit 3', 3],
    ['exit 0', 0],
  ])('fails for good where its command does %j, and does not let it be restarted', async (script, exitCode) => {
    expect(await failure(work.do('create', command(script)))).toMatchObject({
      code: 'start_failed',
      retryable: false,
      exitCode,
    });
    expect(await work.seen(work.known.containerId)).toMatchObject({ engineState: 'exited', exitCode });
  });

  test('fails for good where its command is not found', async () => {
    const params = { start: true, settings: settings({ command: ['/nonexistent'] }) };
    expect(await failure(work.do('create', params))).toMatchObject({ code: 'start_failed', exitCode: 127 });
    expect(work.known).toMatchObject({ hasData: true, incarnation: 1 });
  });

  test('of an image that does not exist leaves nothing', async () => {
    const params = { settings: settings({ image: 'nobody/nothing' }) };
    expect(await failure(work.do('create', params))).toMatchObject({ code: 'image_not_found', retryable: false });
    expect(work.known).toEqual({});
    expect(acts(work.runtime)).toEqual([]);
  });

  test('adopts what an attempt before it has made and could not tell', async () => {
    work.runtime.faults.failAfter('create', 'docker_unavailable');
    expect((await failure(work.do('create', {}, {}, 'op-1'))).code).toBe('docker_unavailable');
    const left = await work.seen(containerName(work.bot, 1));
    expect(work.known).toMatchObject({ containerId: left?.id, incarnation: 1, hasData: true });
    expect((await work.do('create', {}, {}, 'op-1')).containerId).toBe(left?.id);
    expect(await work.runtime.list()).toHaveLength(1);
  });

  test('that could make nothing remembers that the volume may be there', async () => {
    work.runtime.faults.fail('create', 'docker_error');
    await failure(work.do('create'));
    expect(work.known).toEqual({ hasData: true });
  });

  test('builds anew what another operation left', async () => {
    work.runtime.faults.failAfter('create', 'docker_unavailable');
    await failure(work.do('create', {}, {}, 'op-1'));
    const left = await work.seen(containerName(work.bot, 1));
    const facts = await work.do('create', {}, {}, 'op-2');
    expect(facts.containerId).not.toBe(left?.id);
    expect(await work.runtime.list()).toMatchObject([{ identity: { operationId: 'op-2' } }]);
  });

  test('leaves the names of another installation to it', async () => {
    const stranger = new Handling(work.runtime);
    stranger.bot = { ...stranger.bot, tenantId: '0190a0c0-0000-7000-8000-000000000000' };
    const theirs = await stranger.do('create');
    const facts = await work.do('create');
    const [, second] = nameChoices(work.bot);
    expect(await work.seen(facts.containerId)).toMatchObject({ name: second && containerName(second, 1) });
    expect(facts.paths?.[0]?.volume).toBe(second && dataVolumeName(second));
    expect(await work.seen(theirs.containerId)).not.toBeNull();
  });

  test('builds anew what has failed, with a new incarnation and the old data', async () => {
    const first = await work.do('create', { start: true });
    work.runtime.crash(first.containerId ?? '', 3, { restarts: false });
    work.bot = {
      ...work.bot,
      state: 'failed',
      exit: { code: 3, oomKilled: false, at: work.bot.createdAt, cause: 'crashed' },
    };
    const second = await work.do('create');
    expect(second).toMatchObject({ state: 'stopped', incarnation: 2, exit: null, paths: first.paths });
    expect(await work.runtime.list()).toMatchObject([{ id: second.containerId }]);
    expect(work.runtime.volumes.size).toBe(1);
  });

  test('keeps the volume that the bot has, whatever it is called', async () => {
    const path = {
      name: 'data',
      container: '/data',
      host: '/v',
      persistent: true,
      volume: 'berth-acme-alice-old-data',
    };
    work.bot = { ...work.bot, hasData: true, paths: [path] };
    expect((await work.do('create')).paths).toMatchObject([{ volume: path.volume }]);
    expect([...work.runtime.volumes.keys()]).toEqual([path.volume]);
  });

  test.each(['ensureImage', 'create'] as const)('gives up when it is told to: %s', async (method) => {
    jest.useFakeTimers();
    const { reached } = work.runtime.faults.hang(method);
    const run = failure(work.do('create'));
    await reached;
    work.controller.abort('cancelled');
    if (method === 'create') await jest.advanceTimersByTimeAsync(LINGER_MS);
    expect((await run).code).toBe('aborted');
    expect(await work.runtime.list()).toEqual([]);
  });

  test('does not believe in a start that did not last', async () => {
    work = new Handling(new FakeRuntime({ images: [IMAGE], program: () => ({ output: [], exitCode: 1 }) }));
    expect(await failure(work.do('create', { start: true }))).toMatchObject({ code: 'docker_error', retryable: true });
  });
});

describe('delete', () => {
  const gone: BotFacts = { state: 'absent', containerId: null, image: null, settings: null, startedAt: null };

  test('stops and removes it, and keeps the data', async () => {
    await work.do('create', { start: true });
    const { paths } = work.bot;
    expect(await work.do('delete')).toMatchObject({ ...gone, paths });
    expect(acts(work.runtime).slice(-2)).toEqual(['stop', 'remove']);
    expect(work.phases).toEqual(['stopping', 'removing']);
    expect(work.runtime.volumes.size).toBe(1);
  });

  test('purges the data where asked to, also where only data is left', async () => {
    await work.do('create');
    await work.do('delete');
    expect(await work.do('delete', { purgeData: true })).toMatchObject({ ...gone, hasData: false, paths: [] });
    expect(work.runtime.volumes.size).toBe(0);
  });

  test('knows that the container is gone though its data is not', async () => {
    await work.do('create');
    work.runtime.faults.fail('removeVolume', 'docker_error');
    expect((await failure(work.do('delete', { purgeData: true }))).retryable).toBe(true);
    expect(work.known).toMatchObject(gone);
  });

  test('takes with it what a create that never ended has left', async () => {
    work.runtime.faults.failAfter('create', 'docker_unavailable');
    await failure(work.do('create'));
    expect(await work.do('delete', { purgeData: true })).toMatchObject(gone);
    expect(await work.runtime.list()).toEqual([]);
    expect(work.runtime.volumes.size).toBe(0);
  });

  test('leaves what bears its name and belongs to somebody else', async () => {
    const stranger = new Handling(work.runtime);
    stranger.bot = { ...stranger.bot, tenantId: '0190a0c0-0000-7000-8000-000000000000' };
    await stranger.do('create');
    await work.do('delete', { purgeData: true });
    expect(await work.runtime.list()).toHaveLength(1);
    expect(work.runtime.volumes.size).toBe(1);
  });

  test('of what is gone is a success', async () => {
    await work.do('create', { start: true });
    work.runtime.removeOutside(work.bot.containerId ?? '');
    expect(await work.do('delete')).toMatchObject(gone);
  });
});
