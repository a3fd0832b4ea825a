import { expect, test } from '@jest/globals';
import { expectProblem } from '../support/exact.js';
import type { System } from '../support/system.js';
import { FILES, LISTED, sh } from './files.js';

export function forks(system: () => System): void {
  test('a fork has the same files, and from then on its own, also when the source is gone', async () => {
    const source = system().bot('source');
    await source.run('create', { start: true });
    await sh(system(), source, FILES);
    const good = await sh(system(), source, LISTED);
    const snapshot = await source.snapshot('good');
    const forked = system().bot('forked');
    await forked.run('create', { start: true, fromSnapshot: snapshot.id });
    expect(await sh(system(), forked, LISTED)).toBe(good);
    expect(await forked.get()).toMatchObject({
      currentSnapshotId: snapshot.id,
      image: { ref: (await source.get()).image?.ref },
    });
    await sh(system(), forked, 'echo mine > /data/one');
    expect(await sh(system(), source, 'cat /data/one')).toBe('one\n');
    // Its own first snapshot descends from the one that it was made of.
    expect((await forked.snapshot('own')).parentId).toBe(snapshot.id);
    expect((await source.snapshotOf(snapshot.id)).childCount).toBe(1);

    await source.run('delete', undefined, '?purgeData=true');
    const late = system().bot('forked-late');
    await late.run('create', { start: true, fromSnapshot: snapshot.id });
    expect(await sh(system(), late, LISTED)).toBe(good);
    await source.forget(snapshot.id);
    expect(await sh(system(), late, LISTED)).toBe(good);
    expect(await late.get()).toMatchObject({ status: 'running', currentSnapshotId: null });
    await late.run('restart');
    expect(await sh(system(), late, 'cat /data/one')).toBe('one\n');
    expect(await late.volumes()).toHaveLength(1);
  });

  test('a fork of the container alone keeps the data that the bot has', async () => {
    const source = system().bot('source-root');
    await source.run('create', { start: true });
    await sh(system(), source, 'echo root > /root/note; echo data > /data/note');
    const [root, all] = [await source.snapshot('root', { scope: 'container' }), await source.snapshot('all')];
    const bot = system().bot('has-data');
    await bot.run('create', { start: true });
    await sh(system(), bot, 'echo kept > /data/note');
    await bot.run('delete');
    const refused = await bot.askCreate({ fromSnapshot: all.id });
    expect(expectProblem(refused, 409, 'invalid_transition').allowed).toEqual(['delete']);
    await bot.run('create', { start: true, fromSnapshot: root.id });
    expect(await sh(system(), bot, 'cat /root/note /data/note')).toBe('root\nkept\n');
  });
}
