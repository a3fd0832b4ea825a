import { expect, test } from '@jest/globals';
import { background, sh } from './files.js';
import { idOf, type System } from '../support/system.js';
import { operationOf } from '../support/bot.js';

export function taking(system: () => System): void {
  test('a running container is frozen for it, and its processes live on', async () => {
    const { watcher, docker } = system();
    const bot = system().bot('take');
    await bot.run('create', { start: true });
    await sh(system(), bot, 'echo data > /data/note; echo root > /root/note');
    await background(system(), bot);
    const before = await bot.inspect();
    const snapshot = await bot.snapshot('  known good  ', { description: 'as it was' });
    expect(snapshot).toMatchObject({
      botId: bot.id,
      name: 'known good',
      description: 'as it was',
      status: 'ready',
      parentId: null,
      childCount: 0,
      scope: 'all',
      origin: 'manual',
      current: true,
      error: null,
      node: system().services.nodeId,
    });
    expect(snapshot.freezeMs).toBeGreaterThan(0);
    expect(snapshot.layers).toBeGreaterThan(1);
    expect(snapshot.dataSizeBytes).toBeGreaterThan(0);
    expect(snapshot.sizeBytes).toBeGreaterThan(snapshot.dataSizeBytes);
    const after = await bot.inspect();
    expect([after.Id, after.State.Pid, after.State.Paused]).toEqual([before.Id, before.State.Pid, false]);
    expect(await sh(system(), bot, 'kill -0 $(cat /tmp/pid) && echo alive')).toBe('alive\n');
    expect(await bot.get()).toMatchObject({ status: 'running', currentSnapshotId: snapshot.id });

    const { event } = await watcher.until(bot, 'the snapshot', ({ type }) => type === 'snapshot.created');
    expect(event.data.snapshot).toMatchObject({ id: snapshot.id, status: 'ready', current: true });
    // To those who watch, it was running all along.
    expect(
      new Set(
        watcher
          .of(bot.id)
          .slice(-3)
          .map(({ data }) => data.status),
      ),
    ).toEqual(new Set(['running']));

    // Labels cannot be taken from an image, but what they say can.
    const identity = ['berth.tenant', 'berth.operation'].map((label) => after.Config.Labels[label] ?? label);
    for (const image of [`berth/snapshot:${snapshot.id}`, `berth/snapshot-data:${snapshot.id}`]) {
      const { Config } = await docker.getImage(image).inspect();
      const told = JSON.stringify(Config);
      for (const secret of [bot.id, ...identity, 'BERTH']) expect(told).not.toContain(secret);
    }
  });

  test.each([
    ['stopped', 'stop'],
    ['paused', 'pause'],
  ] as const)('a %s container stays so', async (status, verb) => {
    const bot = system().bot(`take-${status}`);
    await bot.run('create', { start: true });
    await bot.run(verb, verb === 'stop' ? { timeoutSeconds: 0 } : undefined);
    expect(await bot.snapshot('of it')).toMatchObject({ status: 'ready', freezeMs: 0 });
    expect((await bot.get()).status).toBe(status);
    expect((await bot.inspect()).State).toMatchObject({ Paused: status === 'paused' });
  });

  test('create, start and snapshot may be sent back to back', async () => {
    const bot = system().bot('take-queued');
    await bot.send('create');
    await bot.send('start');
    const asked = operationOf(await bot.askSnapshot('POST', '', { name: 'first' }));
    const made = (await bot.snapshots())[0];
    expect(made).toMatchObject({ id: asked.params['snapshotId'], status: 'creating', sizeBytes: 0 });
    const second = await bot.snapshot('second');
    expect((await bot.snapshots()).map(({ name, status }) => [name, status])).toEqual([
      ['second', 'ready'],
      ['first', 'ready'],
    ]);
    expect(second.parentId).toBe(made?.id);
  });

  test('the root filesystem alone holds no data', async () => {
    const { docker } = system();
    const bot = system().bot('take-root');
    await bot.run('create', { start: true });
    const { id, ...snapshot } = await bot.snapshot('root', { scope: 'container' });
    expect(snapshot).toMatchObject({ scope: 'container', dataSizeBytes: 0 });
    await expect(docker.getImage(`berth/snapshot-data:${id}`).inspect()).rejects.toMatchObject({ statusCode: 404 });
  });

  test('one that is cancelled leaves nothing, and the container runs', async () => {
    const { docker, http } = system();
    const bot = system().bot('take-cancelled');
    await bot.run('create', { start: true });
    await sh(system(), bot, 'head -c 150000000 /dev/urandom > /data/much');
    const asked = operationOf(await bot.askSnapshot('POST', '', { name: 'much' }));
    await system().watcher.until(
      bot,
      'its start',
      ({ type, data }) => type === 'operation.started' && data.operation?.id === asked.id,
    );
    expect((await http.post(`/v1/operations/${asked.id}/cancel`)).status).toBe(200);
    const ended = await http.get(`/v1/operations/${asked.id}?wait=30`);
    expect(ended.body).toMatchObject({ status: 'cancelled' });
    expect(await bot.snapshots()).toEqual([
      expect.objectContaining({
        status: 'failed',
        error: { code: 'cancelled', message: expect.any(String), retryable: false },
      }),
    ]);
    const images = await docker.listImages({
      filters: { label: [`berth.snapshot=${String(asked.params['snapshotId'])}`] },
    });
    expect(images).toEqual([]);
    expect((await bot.inspect()).State).toMatchObject({ Running: true, Paused: false });
    await bot.snapshot('much');
    expect(idOf(await bot.get())).toBe((await bot.inspect()).Id);
  });
}
