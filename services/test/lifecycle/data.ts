import { expect, test } from '@jest/globals';
import { expectProblem } from '../support/exact.js';
import { execIn } from '../support/engine.js';
import { idOf, type System } from '../support/system.js';

/** The data volume outlives the container until somebody says otherwise. */
export function data(system: () => System): void {
  test('data in /data survives delete and create; what is beside it does not', async () => {
    const { docker } = system();
    const bot = system().bot('data');
    await bot.run('create', { start: true });
    const first = idOf(await bot.get());
    const written = await execIn(docker, first, 'echo kept > /data/note && echo lost > /root/note && sync');
    expect(written.exitCode).toBe(0);

    await bot.run('delete');
    const deleted = await bot.get();
    expect(deleted).toMatchObject({ status: 'absent', containerId: null, image: null, startedAt: null });
    expect(deleted.paths).toHaveLength(1);
    expect(await bot.containers()).toEqual([]);
    expect(await bot.volumes()).toEqual([`berth-default-${bot.id}-data`]);

    await bot.run('create', { start: true });
    const second = idOf(await bot.get());
    expect(second).not.toBe(first);
    expect((await bot.inspect()).Name).toBe(`/berth-default-${bot.id}-2`);
    expect(await execIn(docker, second, 'cat /data/note; ls /root')).toEqual({ exitCode: 0, output: 'kept\n' });
  });

  test('purgeData removes the volume with the container', async () => {
    const bot = system().bot('purged');
    await bot.run('create', { start: true });
    await bot.run('delete', undefined, '?purgeData=true');
    expect(await bot.containers()).toEqual([]);
    expect(await bot.volumes()).toEqual([]);
    expect(await bot.get()).toMatchObject({ status: 'absent', paths: [], node: null });
    expect(await bot.finish('delete', undefined, '?purgeData=true')).toMatchObject({ noop: true });
  });

  test('purgeData removes the volume when the container is long gone', async () => {
    const bot = system().bot('purged-late');
    await bot.run('create');
    await bot.run('delete');
    expect(await bot.volumes()).toHaveLength(1);
    expect(await bot.finish('delete')).toMatchObject({ noop: true, status: 'succeeded' });
    expect(await bot.volumes()).toHaveLength(1);
    expect(await bot.run('delete', undefined, '?purgeData=true')).toMatchObject({ noop: false });
    expect(await bot.volumes()).toEqual([]);
  });

  test('a delete works from every state', async () => {
    const { docker } = system();
    for (const state of ['paused', 'stopped', 'failed'] as const) {
      const bot = system().bot(`delete-${state}`);
      await bot.finish('create', { start: true, ...(state === 'failed' && { command: ['/bin/no-such-program'] }) });
      if (state === 'paused') await bot.run('pause');
      if (state === 'stopped') await bot.run('stop');
      const before = await bot.get();
      expect(before.status).toBe(state);
      await bot.run('delete', undefined, '?purgeData=true');
      await expect(docker.getContainer(idOf(before)).inspect()).rejects.toMatchObject({ statusCode: 404 });
    }
  });

  test('the verbs of a deleted bot are refused, saying what is allowed', async () => {
    const bot = system().bot('refused');
    await bot.run('create');
    await bot.run('delete');
    for (const verb of ['start', 'stop', 'restart', 'pause', 'resume'] as const) {
      const problem = expectProblem(await bot.ask(verb), 409, 'invalid_transition');
      expect(problem).toMatchObject({ containerStatus: 'absent', allowed: ['create', 'delete'] });
    }
  });
}
