import { expect, test } from '@jest/globals';
import type { System } from '../support/system.js';
import { sh } from './files.js';

export function tree(system: () => System): void {
  test('parents tell the true descent, and a deletion closes the gap that it leaves', async () => {
    const { docker, watcher } = system();
    const bot = system().bot('tree');
    await bot.run('create', { start: true });
    const a = await bot.snapshot('a');
    await sh(system(), bot, 'echo b > /data/b');
    const b = await bot.snapshot('b');
    const c = await bot.snapshot('c');
    await bot.restore(b.id, { safetySnapshot: false });
    const d = await bot.snapshot('d');
    const shown = async (): Promise<unknown[]> =>
      (await bot.snapshots()).map(({ name, parentId, childCount, current }) => [name, parentId, childCount, current]);
    expect(await shown()).toEqual([
      ['d', b.id, 0, true],
      ['c', b.id, 0, false],
      ['b', a.id, 2, false],
      ['a', null, 1, false],
    ]);

    await bot.forget(b.id);
    expect(await shown()).toEqual([
      ['d', a.id, 0, true],
      ['c', a.id, 0, false],
      ['a', null, 2, false],
    ]);
    const { event } = await watcher.until(bot, 'the deletion', ({ type }) => type === 'snapshot.deleted');
    expect(event.data.snapshot).toMatchObject({ id: b.id, name: 'b' });
    for (const kind of ['snapshot', 'snapshot-data']) {
      await expect(docker.getImage(`berth/${kind}:${b.id}`).inspect()).rejects.toMatchObject({ statusCode: 404 });
    }
    // What it held is still in those that came of it.
    await bot.restore(c.id, { safetySnapshot: false });
    expect(await sh(system(), bot, 'cat /data/b')).toBe('b\n');
    await bot.forget(c.id);
    expect(await bot.get()).toMatchObject({ status: 'running', currentSnapshotId: a.id });
    expect(await sh(system(), bot, 'cat /data/b')).toBe('b\n');
    for (const { id } of [d, a]) await bot.forget(id);
    expect(await bot.snapshots()).toEqual([]);
    expect((await bot.get()).currentSnapshotId).toBeNull();
  });

  test('is listed page by page', async () => {
    const bot = system().bot('pages');
    await bot.run('create');
    for (const name of ['1', '2', '3']) await bot.snapshot(name, { scope: 'container' });
    const names: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const query: string = cursor ? `&cursor=${cursor}` : '';
      const { body } = await bot.http.get(`/v1/bots/${bot.id}/snapshots?limit=2${query}`);
      const page = body as { items: { name: string }[]; nextCursor: string | null };
      names.push(...page.items.map(({ name }) => name));
      cursor = page.nextCursor;
    }
    expect(names).toEqual(['3', '2', '1']);
  });

  test('outlives the container, and can then still be cut back', async () => {
    const bot = system().bot('outlives');
    await bot.run('create');
    const [first, second] = [await bot.snapshot('first'), await bot.snapshot('second')];
    await bot.run('delete', undefined, '?purgeData=true');
    expect((await bot.snapshots()).map(({ id, current }) => [id, current])).toEqual([
      [second.id, false],
      [first.id, false],
    ]);
    await bot.forget(first.id);
    expect((await bot.snapshots()).map(({ id, parentId }) => [id, parentId])).toEqual([[second.id, null]]);
    expect((await bot.get()).status).toBe('absent');
    await bot.forget(second.id);
    expect(await bot.snapshots()).toEqual([]);
  });
}
