import { expect, test } from '@jest/globals';
import type { System } from '../support/system.js';
import { Inside } from './inside.js';

export function idle(system: () => System): void {
  test('stops what nobody uses, says why, and not what somebody uses or that has a task', async () => {
    const [unused, used, busy] = ['unused', 'used', 'with-a-task'].map((name) => system().bot(`idle-${name}`));
    if (!unused || !used || !busy) throw new Error('there are no bots');
    for (const bot of [used, busy, unused]) await bot.run('create', { start: true, autoStopSeconds: 3 });
    const task = await new Inside(busy).start('sleep 1000');
    let over = false;
    const using = (async () => {
      while (!over) await new Inside(used).output('sleep 1');
    })();
    const { event } = await system().watcher.status(unused, 'stopped', 0, 60_000);
    expect(event.data.operation).toMatchObject({
      kind: 'container.stop',
      requestedBy: { type: 'system', id: 'idle' },
      params: { reason: expect.stringContaining('3 s') },
    });
    const { event: began } = await system().watcher.status(unused, 'running');
    expect(Date.parse(event.at) - Date.parse(began.at)).toBeGreaterThanOrEqual(3_000);
    expect([(await used.get()).status, (await busy.get()).status]).toEqual(['running', 'running']);
    over = true;
    await using;
    await new Inside(busy).end(task, '?signal=KILL');
    for (const bot of [used, busy]) await system().watcher.status(bot, 'stopped', 0, 60_000);
    expect((await unused.get()).exit).toMatchObject({ cause: 'stopped' });
  }, 150_000);
}
