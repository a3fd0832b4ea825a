import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { ContainerRuntime, ContainerSpec } from '../port.js';
import { EventLog, failureOf, readText, SpecFactory } from './contract-helpers.js';

/** An adapter under test, with what the port itself cannot do. */
export interface ContractSubject {
  runtime: ContainerRuntime;
  /** An image with a shell, already on the engine. */
  image: string;
  killOutside(id: string): Promise<void>;
  removeOutside(id: string): Promise<void>;
  close(): Promise<void>;
}

/** What every ContainerRuntime must do. Registers the suite with Jest. */
export function describeContract(adapter: string, open: () => Promise<ContractSubject>): void {
  describe(`ContainerRuntime contract: ${adapter}`, () => {
    const never = new AbortController().signal;
    let subject: ContractSubject;
    let runtime: ContainerRuntime;
    let specs: SpecFactory;

    beforeAll(async () => {
      subject = await open();
      runtime = subject.runtime;
      await runtime.prepareNode();
      specs = new SpecFactory(subject.image);
    }, 30_000);
    afterEach(() => specs.cleanUp(runtime), 30_000);
    afterAll(() => subject?.close(), 30_000);

    async function created(parts: Partial<ContainerSpec> = {}): Promise<string> {
      return (await runtime.create(specs.make(parts), never)).id;
    }
    async function started(parts: Partial<ContainerSpec> = {}): Promise<string> {
      const id = await created(parts);
      await runtime.start(id, never);
      return id;
    }
    const stateOf = async (id: string) => (await runtime.inspect(id))?.engineState;

    describe('engine and images', () => {
      test('tells who it is', async () => {
        const info = await runtime.info();
        expect(info.cpus).toBeGreaterThan(0);
        expect(info.memoryMb).toBeGreaterThan(0);
        expect(info.apiVersion).toMatch(/^1\.\d+$/);
      });

      test('prepares the node twice', async () => {
        expect(await runtime.prepareNode()).toEqual(await runtime.prepareNode());
      });

      test('returns an image it holds', async () => {
        const image = await runtime.ensureImage(subject.image, { signal: never });
        expect(image.ref).toBe(subject.image);
        expect(image.id).toMatch(/^sha256:[0-9a-f]{64}$/);
      });

      test('says that an image does not exist', async () => {
        const failure = await failureOf(runtime.ensureImage('berth/no-such-image:1', { signal: never }));
        expect(failure).toMatchObject({ code: 'image_not_found', retryable: false });
      });
    });

    describe('create', () => {
      test('makes a stopped container with its identity and volume', async () => {
        const spec = specs.make();
        const container = await runtime.create(spec, never);
        expect(container).toMatchObject({
          name: spec.name,
          identity: spec.identity,
          engineState: 'created',
          exitCode: null,
          startedAt: null,
          finishedAt: null,
          oomKilled: false,
        });
        expect(container.mounts).toEqual([
          expect.objectContaining({ name: spec.volumes[0]?.name, container: '/data' }),
        ]);
        expect(await runtime.inspect(spec.name)).toEqual(container);
      });

      test('adopts what an earlier operation made of the same incarnation', async () => {
        const spec = specs.make();
        const first = await runtime.create(spec, never);
        const again = { ...spec, identity: { ...spec.identity, operationId: 'later' } };
        expect((await runtime.create(again, never)).id).toBe(first.id);
      });

      test.each([
        ['incarnation', { incarnation: 2 }],
        ['tenant', { tenantId: 'somebody-else' }],
      ])('refuses a name that belongs to another %s', async (_what, other) => {
        const spec = specs.make();
        await runtime.create(spec, never);
        const rival = { ...spec, volumes: [], identity: { ...spec.identity, ...other } };
        expect(await failureOf(runtime.create(rival, never))).toMatchObject({
          code: 'name_conflict',
          retryable: false,
        });
      });

      test('refuses a volume that belongs to another bot', async () => {
        const spec = specs.make();
        await runtime.create(spec, never);
        const thief = specs.make({ volumes: spec.volumes });
        expect(await failureOf(runtime.create(thief, never))).toMatchObject({ code: 'name_conflict' });
      });

      test('fails where the image is gone', async () => {
        const failure = await failureOf(created({ image: 'berth/no-such-image:1' }));
        expect(failure).toMatchObject({ code: 'image_not_found', retryable: true });
      });

      test('lists what it made, in every state', async () => {
        const stopped = await created();
        const running = await started();
        const list = await runtime.list();
        expect(list.find(({ id }) => id === stopped)).toMatchObject({ engineState: 'created' });
        expect(list.find(({ id }) => id === running)).toMatchObject({
          engineState: 'running',
          identity: (await runtime.inspect(running))?.identity,
        });
      });
    });

    describe('state changes', () => {
      test('starts, twice, and keeps running', async () => {
        const id = await started();
        await runtime.start(id, never);
        const container = await runtime.inspect(id);
        expect(container?.engineState).toBe('running');
        expect(Date.parse(container?.startedAt ?? '')).not.toBeNaN();
        expect(await runtime.exitWithin(id, 50, never)).toBeNull();
      });

      test('stops gracefully, twice, and starts again', async () => {
        const id = await started();
        await runtime.stop(id, 10, never);
        await runtime.stop(id, 10, never);
        expect(await runtime.inspect(id)).toMatchObject({ engineState: 'exited', exitCode: 143, oomKilled: false });
        await runtime.start(id, never);
        expect(await stateOf(id)).toBe('running');
      });

      test('kills, twice', async () => {
        const id = await started();
        await runtime.kill(id, never);
        await runtime.kill(id, never);
        expect(await runtime.inspect(id)).toMatchObject({ engineState: 'exited', exitCode: 137 });
      });

      test('pauses and resumes, each twice', async () => {
        const id = await started();
        await runtime.pause(id, never);
        await runtime.pause(id, never);
        expect(await stateOf(id)).toBe('paused');
        await runtime.resume(id, never);
        await runtime.resume(id, never);
        expect(await stateOf(id)).toBe('running');
      });

      test.each(['stop', 'kill', 'start', 'remove'] as const)('%s works on what is paused', async (verb) => {
        const id = await started();
        await runtime.pause(id, never);
        if (verb === 'stop') await runtime.stop(id, 10, never);
        else await runtime[verb](id, never);
        const expected = { stop: 'exited', kill: 'exited', start: 'running', remove: undefined }[verb];
        expect(await stateOf(id)).toBe(expected);
      });

      test('neither pauses nor resumes what does not run', async () => {
        const id = await created();
        expect(await failureOf(runtime.pause(id, never))).toMatchObject({ code: 'container_not_running' });
        expect(await failureOf(runtime.resume(id, never))).toMatchObject({ code: 'container_not_running' });
      });

      test('removes, running or not, twice, and keeps the volume', async () => {
        const spec = specs.make();
        const id = (await runtime.create(spec, never)).id;
        await runtime.start(id, never);
        const volume = spec.volumes[0]?.name ?? '';
        expect(await failureOf(runtime.removeVolume(volume, spec.identity, never))).toMatchObject({
          code: 'docker_error',
          retryable: true,
        });
        await runtime.remove(id, never);
        await runtime.remove(id, never);
        expect(await runtime.inspect(id)).toBeNull();
        const successor = await runtime.create({ ...spec, identity: { ...spec.identity, incarnation: 2 } }, never);
        expect(successor.id).not.toBe(id);
        await runtime.remove(successor.name, never);
        await runtime.removeVolume(volume, spec.identity, never);
        await runtime.removeVolume(volume, spec.identity, never);
      });

      test('leaves a volume alone that was made for somebody else', async () => {
        const spec = specs.make();
        const id = (await runtime.create(spec, never)).id;
        await runtime.remove(id, never);
        const volume = spec.volumes[0]?.name ?? '';
        await runtime.removeVolume(volume, { ...spec.identity, tenantId: 'somebody-else' }, never);
        const stranger = { ...spec.identity, tenantId: 'somebody-else' };
        const taken = specs.make({ identity: stranger, volumes: spec.volumes });
        expect(await failureOf(runtime.create(taken, never))).toMatchObject({ code: 'name_conflict' });
      });

      test('knows nothing of a container that is not there', async () => {
        const ref = 'berth-contract-nobody';
        expect(await runtime.inspect(ref)).toBeNull();
        const calls = [
          () => runtime.start(ref, never),
          () => runtime.stop(ref, 1, never),
          () => runtime.kill(ref, never),
          () => runtime.pause(ref, never),
          () => runtime.resume(ref, never),
          () => runtime.stats(ref, never),
          () => runtime.exitWithin(ref, 10, never),
          () => readText(runtime.logs(ref, { tail: 1, follow: false, signal: never })),
        ];
        for (const call of calls) {
          expect(await failureOf(call())).toMatchObject({ code: 'container_not_found', retryable: false });
        }
      });

      test('ends at once when the caller has given up', async () => {
        const id = await created();
        const gone = AbortSignal.abort();
        expect(await failureOf(runtime.start(id, gone))).toMatchObject({ code: 'aborted' });
        expect(await stateOf(id)).toBe('created');
      });
    });

    describe("the caller's command", () => {
      test('fails to start where it is not found', async () => {
        const id = await created({ command: ['/nonexistent/program'] });
        expect(await failureOf(runtime.start(id, never))).toMatchObject({
          code: 'start_failed',
          exitCode: 127,
          retryable: false,
        });
        expect(await runtime.inspect(id)).toMatchObject({ engineState: 'exited', exitCode: 127 });
      });

      test('tells its exit, even where the engine restarts it', async () => {
        const id = await started({ command: ['sh', '-c', 'exit 3'] });
        expect(await runtime.exitWithin(id, 5_000, never)).toEqual({ code: 3 });
        await runtime.stop(id, 1, never);
        expect(await stateOf(id)).toBe('exited');
      });

      test('tells an exit that happens while it is waited for', async () => {
        const id = await started({ command: ['sh', '-c', 'sleep 3600'] });
        const exit = runtime.exitWithin(id, 20_000, never);
        await subject.killOutside(id);
        expect(await exit).toEqual({ code: 137 });
      });

      test('gets its environment', async () => {
        const id = await started({
          command: ['sh', '-c', 'echo $FIRST; echo $SECOND; sleep 3600'],
          env: { FIRST: 'one', SECOND: 'two-2' },
        });
        const signal = AbortSignal.timeout(10_000);
        let text = '';
        for await (const chunk of runtime.logs(id, { tail: 10, follow: true, signal })) {
          text += chunk.data.toString();
          if (text.includes('two-2')) break;
        }
        expect(text).toBe('one\ntwo-2\n');
      });
    });

    describe('events', () => {
      test('tells every change in order', async () => {
        const spec = specs.make();
        const log = new EventLog(runtime, { identity: spec.identity });
        await log.opened;
        const { id } = await runtime.create(spec, never);
        await runtime.start(id, never);
        await runtime.pause(id, never);
        await runtime.resume(id, never);
        await runtime.stop(id, 10, never);
        await runtime.remove(id, never);
        await log.until('destroy');
        expect(log.actions()).toEqual(['create', 'start', 'pause', 'unpause', 'kill', 'die', 'stop', 'destroy']);
        expect(log.events.find(({ action }) => action === 'die')).toMatchObject({
          containerId: id,
          identity: spec.identity,
          exitCode: 143,
        });
        await log.close();
      });

      test('tells what happened behind the caller', async () => {
        const spec = specs.make();
        const log = new EventLog(runtime, { identity: spec.identity });
        await log.opened;
        const { id } = await runtime.create(spec, never);
        await runtime.start(id, never);
        await subject.killOutside(id);
        expect(await log.until('die')).toMatchObject({ exitCode: 137 });
        await subject.removeOutside(id);
        await log.until('destroy');
        expect(await runtime.inspect(id)).toBeNull();
        await log.close();
      });

      test('tells what happened since a moment in the past', async () => {
        const since = new Date(Date.now() - 1);
        const spec = specs.make();
        await runtime.create(spec, never);
        const log = new EventLog(runtime, { identity: spec.identity, since });
        expect(await log.until('create')).toMatchObject({ identity: spec.identity });
        await log.close();
      });

      test('ends without an error when its signal aborts', async () => {
        const log = new EventLog(runtime, {});
        await log.opened;
        await expect(log.close()).resolves.toBeUndefined();
      });
    });

    describe('stats', () => {
      test('samples what runs', async () => {
        const id = await started();
        const stats = await runtime.stats(id, never);
        expect(stats.memoryLimitBytes).toBe(64 * 1024 * 1024);
        expect(stats.memoryBytes).toBeGreaterThan(0);
        expect(stats.cpuPercent).toBeGreaterThanOrEqual(0);
        expect(stats.pids).toBeGreaterThan(0);
        expect(Date.parse(stats.at)).not.toBeNaN();
      }, 15_000);

      test('refuses what does not', async () => {
        expect(await failureOf(runtime.stats(await created(), never))).toMatchObject({ code: 'container_not_running' });
      });
    });

    describe('logs', () => {
      const command = ['sh', '-c', 'echo one; echo two >&2; echo three; sleep 3600'];

      test('tells both streams, and a tail', async () => {
        const id = await started({ command });
        // Following first: only the end of the last line says that all of them were written.
        for await (const chunk of runtime.logs(id, { tail: 100, follow: true, signal: AbortSignal.timeout(10_000) })) {
          if (chunk.data.toString().includes('three')) break;
        }
        const chunks: string[] = [];
        for await (const { stream, data } of runtime.logs(id, { tail: 100, follow: false, signal: never })) {
          chunks.push(`${stream}: ${data.toString()}`);
        }
        expect(chunks.sort()).toEqual(['stderr: two\n', 'stdout: one\n', 'stdout: three\n']);
        expect(await readText(runtime.logs(id, { tail: 1, follow: false, signal: never }))).toMatch(/^\w+\n$/);
      });

      test('follows until the container ends', async () => {
        const id = await started({ command });
        const followed = readText(runtime.logs(id, { tail: 100, follow: true, signal: AbortSignal.timeout(20_000) }));
        await runtime.stop(id, 1, never);
        expect((await followed).split('\n').sort()).toEqual(['', 'one', 'three', 'two']);
      });

      test('stops following when its signal aborts', async () => {
        const id = await started();
        const controller = new AbortController();
        const followed = readText(runtime.logs(id, { tail: 100, follow: true, signal: controller.signal }));
        controller.abort();
        expect(await followed).toBe('');
      });
    });
  });
}
