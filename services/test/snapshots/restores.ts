import { expect, test } from '@jest/globals';
import { idOf, type System } from '../support/system.js';
import { operationOf } from '../support/bot.js';
import { alone, background, FILES, LISTED, sh, SPOIL } from './files.js';

export function restores(system: () => System): void {
  test('brings back every file as it was, and undo brings back what was before', async () => {
    const { docker, watcher } = system();
    const bot = system().bot('restore');
    await bot.run('create', { start: true, labels: { team: 'blue' } });
    await sh(system(), bot, FILES);
    const good = await sh(system(), bot, LISTED);
    const snapshot = await bot.snapshot('good');
    await sh(system(), bot, SPOIL);
    const spoilt = await sh(system(), bot, LISTED);
    const before = await bot.get();

    const safetyId = await bot.restore(snapshot.id);
    expect(await sh(system(), bot, LISTED)).toBe(good);
    const after = await bot.get();
    expect(after).toMatchObject({
      status: 'running',
      currentSnapshotId: snapshot.id,
      image: { ref: before.image?.ref },
      labels: { team: 'blue' },
      resources: before.resources,
      paths: [{ name: 'data', container: '/data', persistent: true }],
    });
    expect(after.containerId).not.toBe(before.containerId);
    await alone(bot);
    expect(await bot.containers()).toEqual([after.containerId]);
    expect(await bot.volumes()).toEqual(after.paths.map(({ volume }) => volume));
    await expect(docker.getContainer(idOf(before)).inspect()).rejects.toMatchObject({ statusCode: 404 });
    const safety = await bot.snapshotOf(safetyId ?? '');
    expect(safety).toMatchObject({ origin: 'safety', status: 'ready', parentId: snapshot.id, current: false });
    await watcher.until(
      bot,
      'the restore',
      ({ type, data }) => type === 'snapshot.restored' && data.snapshot?.id === snapshot.id,
    );
    expect(watcher.statuses(bot.id).slice(-2)).toEqual(['restoring', 'running']);

    await bot.restore(safety.id);
    expect(await sh(system(), bot, LISTED)).toBe(spoilt);
    await alone(bot);
  });

  test.each([
    ['container', 'root\n', 'spoilt\n'],
    ['data', 'spoilt\n', 'data\n'],
  ])('of scope %s resets that alone', async (scope, root, data) => {
    const bot = system().bot(`restore-${scope}`);
    await bot.run('create', { start: true });
    await sh(system(), bot, 'echo data > /data/note; echo root > /root/note');
    const { id } = await bot.snapshot('good');
    await sh(system(), bot, 'echo spoilt > /data/note; echo spoilt > /root/note');
    const { paths } = await bot.get();
    expect(await bot.restore(id, { scope, safetySnapshot: scope === 'container' })).toEqual(
      scope === 'container' ? expect.any(String) : null,
    );
    expect(await sh(system(), bot, 'cat /root/note')).toBe(root);
    expect(await sh(system(), bot, 'cat /data/note')).toBe(data);
    if (scope === 'container') expect((await bot.get()).paths).toEqual(paths);
    await alone(bot);
  });

  test.each([
    ['stopped', 'stopped'],
    ['paused', 'running'],
  ] as const)('leaves a %s container %s', async (from, to) => {
    const bot = system().bot(`restore-${from}`);
    await bot.run('create', { start: true });
    const { id } = await bot.snapshot('good');
    await bot.run(from === 'paused' ? 'pause' : 'stop', from === 'paused' ? undefined : { timeoutSeconds: 0 });
    await bot.restore(id);
    expect((await bot.get()).status).toBe(to);
    await alone(bot);
  });

  test('keeps its command and the values of its env', async () => {
    const bot = system().bot('restore-env');
    const command = ['sh', '-c', 'echo "$SECRET" > /data/told; while true; do sleep 1; done'];
    await bot.run('create', { start: true, command, env: { SECRET: 'whisper' } });
    const { id } = await bot.snapshot('good');
    await sh(system(), bot, 'rm /data/told');
    await bot.restore(id, { scope: 'container' });
    expect(await sh(system(), bot, 'until [ -s /data/told ]; do sleep 0.05; done; cat /data/told')).toBe('whisper\n');
    expect((await bot.get()).env).toEqual(['SECRET']);
  });

  test('that cannot start leaves the old container, its processes and its data as they were', async () => {
    const bot = system().bot('restore-fails');
    const command = ['sh', '-c', '[ ! -e /root/broken ] || exit 3; while true; do sleep 1; done'];
    await bot.run('create', { start: true, command });
    await sh(system(), bot, 'touch /root/broken; echo kept > /data/note');
    const { id } = await bot.snapshot('broken');
    await sh(system(), bot, 'rm /root/broken; echo newer > /data/note');
    await background(system(), bot);
    const before = await bot.inspect();
    const ended = operationOf(await bot.askSnapshot('POST', `/${id}/restore`, {}, { prefer: 'wait=45' }));
    expect(ended).toMatchObject({ status: 'failed', error: { code: 'start_failed' } });
    const after = await bot.inspect();
    expect([after.Id, after.State.Pid, after.State.Paused]).toEqual([before.Id, before.State.Pid, false]);
    expect(await sh(system(), bot, 'kill -0 $(cat /tmp/pid) && cat /data/note')).toBe('newer\n');
    expect(await bot.get()).toMatchObject({ status: 'running', lastError: { code: 'start_failed' } });
    expect([(await bot.containers()).length, (await bot.volumes()).length]).toEqual([1, 1]);
    // It was taken before anything went wrong, and is what the container descends from.
    const [safety] = await bot.snapshots();
    expect(safety).toMatchObject({ origin: 'safety', status: 'ready', current: true });
  });

  test('keeps the latest three safety snapshots', async () => {
    const bot = system().bot('restore-often');
    await bot.run('create');
    const { id } = await bot.snapshot('good');
    const safeties: (string | null)[] = [];
    for (let n = 0; n < 5; n += 1) safeties.push(await bot.restore(id));
    await system().watcher.until(
      bot,
      'the second of those too many to go',
      ({ type, data }) => type === 'snapshot.deleted' && data.snapshot?.id === safeties[1],
      0,
      30_000,
    );
    const left = await bot.snapshots();
    expect(left.filter(({ origin }) => origin === 'safety').map((each) => each.id)).toEqual(
      safeties.slice(2).reverse(),
    );
    const { body } = await bot.http.get(`/v1/operations?botId=${bot.id}&kind=snapshot.delete`);
    expect((body as { items: unknown[] }).items).toMatchObject([
      { requestedBy: { type: 'system' }, params: { reason: expect.any(String) } },
      { requestedBy: { type: 'system' } },
    ]);
  });
}
