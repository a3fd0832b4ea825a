import { waitFor } from '#testing';
import { beforeAll, expect, test } from '@jest/globals';
import { operationOf, type TestBot } from '../support/bot.js';
import { expectProblem } from '../support/exact.js';
import type { System } from '../support/system.js';
import { Inside } from './inside.js';

export function updates(system: () => System): void {
  let bot: TestBot;
  beforeAll(async () => {
    bot = system().bot('updates');
    await bot.run('create', { start: true, labels: { a: '1' }, resources: { memoryMb: 128 } });
  });
  const patch = (body: object) => bot.http.request('PATCH', bot.path(), { body, headers: { prefer: 'wait=30' } });

  test('resources change under a running container, labels and idle time on the record', async () => {
    const operation = operationOf(
      await patch({ resources: { memoryMb: 96, cpus: 0.5 }, labels: { b: '2' }, autoStopSeconds: 9000 }),
    );
    expect(operation).toMatchObject({
      kind: 'container.update',
      status: 'succeeded',
      result: { restartRequired: false },
    });
    expect(await bot.get()).toMatchObject({
      status: 'running',
      resources: { memoryMb: 96, cpus: 0.5 },
      labels: { b: '2' },
      autoStopSeconds: 9000,
    });
    const { HostConfig, State } = await bot.inspect();
    expect([HostConfig.Memory, HostConfig.NanoCpus, State.Running]).toEqual([96 * 1024 * 1024, 5e8, true]);
  });

  test('what the kernel does not change under way waits for a restart, and says so', async () => {
    await patch({ resources: { memoryMb: 128 } });
    const holds = new Inside(bot).start('head -c 60000000 /dev/zero | tail -c 60000000 | sleep 1000');
    await holds;
    const used = async (): Promise<number> =>
      Number(
        await new Inside(bot).output(
          'cat /sys/fs/cgroup/memory/memory.usage_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.current',
        ),
      );
    await waitFor(async () => (await used()) >= 50_000_000, { what: 'the memory to be used', deadlineMs: 30_000 });
    expect(operationOf(await patch({ resources: { memoryMb: 16 } }))).toMatchObject({
      status: 'succeeded',
      result: { restartRequired: true },
    });
    expect((await bot.inspect()).HostConfig.Memory).toBe(128 * 1024 * 1024);
    await bot.run('restart');
    expect((await bot.inspect()).HostConfig.Memory).toBe(16 * 1024 * 1024);
    expect((await bot.get()).resources?.memoryMb).toBe(16);
  }, 60_000);

  test('nothing, too much and what is not there are refused', async () => {
    expectProblem(await patch({}), 400, 'validation_failed');
    expectProblem(await patch({ image: 'x' }), 400, 'validation_failed');
    expectProblem(await patch({ resources: { cpus: 1024 } }), 400, 'validation_failed');
    expectProblem(
      await system().http.request('PATCH', '/v1/bots/nobody/container', { body: { labels: {} } }),
      404,
      'bot_not_found',
    );
    const gone = system().bot('updated-gone');
    await gone.run('create');
    await gone.run('delete');
    expectProblem(await gone.http.request('PATCH', gone.path(), { body: { labels: {} } }), 409, 'invalid_transition');
  });
}
