import { TINY_IMAGE } from '#testing';
import { expect, test } from '@jest/globals';
import { idOf, type System } from '../support/system.js';

const MIB = 1024 * 1024;

/** Every verb, one after another, as a caller and as Docker see it. */
export function verbs(system: () => System): void {
  test('create with start goes through creating to running on the socket, and Docker agrees', async () => {
    const { watcher, services } = system();
    const bot = system().bot('create');
    const resources = { cpus: 0.5, memoryMb: 48, pids: 40 };
    const accepted = await bot.askCreate({ start: true, resources, labels: { team: 'blue' } });
    expect(accepted.status).toBe(202);
    await watcher.status(bot, 'running');
    expect(watcher.statuses(bot.id)).toEqual(['creating', 'running']);
    expect(watcher.of(bot.id).map(({ version, type }) => `${version} ${type}`)).toEqual([
      '1 operation.queued',
      '2 operation.started',
      '3 container.status',
      '4 operation.succeeded',
      '5 container.status',
    ]);

    const container = await bot.get();
    expect(container).toMatchObject({
      status: 'running',
      version: 5,
      node: services.nodeId,
      image: { ref: TINY_IMAGE },
      resources,
      labels: { team: 'blue' },
      network: 'internet',
      operation: null,
      queued: 0,
      exit: null,
      lastError: null,
    });
    const info = await bot.inspect();
    expect(info.Image).toBe(container.image?.id);
    expect(info.State).toMatchObject({ Running: true, Paused: false });
    expect(info.Name).toBe(`/berth-default-${bot.id}-1`);
    expect(info.Config.Labels).toEqual({
      'berth.managed': 'true',
      'berth.tenant': expect.any(String),
      'berth.bot': bot.id,
      'berth.incarnation': '1',
      'berth.operation': (accepted.body as { operation: { id: string } }).operation.id,
    });
    expect(container.startedAt).toBe(new Date(info.State.StartedAt).toISOString());
    expect(info.Mounts).toEqual([
      expect.objectContaining({ Type: 'volume', Name: `berth-default-${bot.id}-data`, Destination: '/data', RW: true }),
    ]);
    expect(container.paths).toEqual([
      {
        name: 'data',
        container: '/data',
        host: info.Mounts[0]?.Source,
        persistent: true,
        volume: `berth-default-${bot.id}-data`,
      },
    ]);
  });

  test('a container gets what the allow-list grants and nothing else', async () => {
    const bot = system().bot('hardened');
    await bot.run('create', { start: true, resources: { cpus: 0.5, memoryMb: 48, pids: 40 } });
    const { HostConfig: host, Config: config } = await bot.inspect();
    expect(host).toMatchObject({
      Privileged: false,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges:true'],
      Init: true,
      PidsLimit: 40,
      Memory: 48 * MIB,
      MemorySwap: 48 * MIB,
      NanoCpus: 500_000_000,
      RestartPolicy: { Name: 'unless-stopped', MaximumRetryCount: 0 },
      IpcMode: 'private',
      PidMode: '',
      UTSMode: '',
      UsernsMode: '',
      AutoRemove: false,
      PublishAllPorts: false,
      PortBindings: {},
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
    });
    expect((host.CapAdd as string[]).map((name) => name.replace(/^CAP_/, '')).sort()).toEqual([
      'CHOWN',
      'DAC_OVERRIDE',
      'FOWNER',
      'SETGID',
      'SETUID',
    ]);
    for (const list of [host.Binds, host.Devices, host.DeviceRequests, host.VolumesFrom, host.GroupAdd]) {
      expect(list ?? []).toEqual([]);
    }
    expect(host.NetworkMode).not.toMatch(/^(host|bridge|default|container:)/);
    // The image has none, and Berth adds none.
    expect(config.Env ?? []).toEqual([]);
  });

  test('stop, start, restart, pause and resume each tell their own word and then the truth', async () => {
    const { watcher } = system();
    const bot = system().bot('verbs');
    await bot.run('create', { start: true });
    const first = await bot.inspect();

    await bot.run('stop', { timeoutSeconds: 5 });
    expect((await bot.inspect()).State.Status).toBe('exited');
    expect(await bot.get()).toMatchObject({
      status: 'stopped',
      exit: { code: 143, oomKilled: false, cause: 'stopped' },
      lastError: null,
    });
    await bot.run('start');
    expect((await bot.inspect()).State.Status).toBe('running');
    await bot.run('restart');
    const restarted = await bot.inspect();
    expect(restarted.Id).toBe(first.Id);
    expect(Date.parse(restarted.State.StartedAt)).toBeGreaterThan(Date.parse(first.State.StartedAt));
    await bot.run('pause');
    expect((await bot.inspect()).State.Status).toBe('paused');
    await bot.run('resume');
    expect((await bot.inspect()).State.Status).toBe('running');
    await bot.run('pause');
    await bot.run('start');
    expect((await bot.inspect()).State.Status).toBe('running');
    await bot.run('pause');
    await bot.run('stop');
    expect((await bot.inspect()).State.Status).toBe('exited');

    const { version } = await bot.get();
    await watcher.until(bot, 'the last event', (event) => event.version === version);
    expect(watcher.statuses(bot.id)).toEqual(
      [
        ['creating', 'running'],
        ['stopping', 'stopped'],
        ['starting', 'running'],
        ['restarting', 'running'],
        ['pausing', 'paused'],
        ['resuming', 'running'],
        ['pausing', 'paused'],
        ['starting', 'running'],
        ['pausing', 'paused'],
        ['stopping', 'stopped'],
      ].flat(),
    );
  });

  test('a stop is graceful for as long as it may, and then by force', async () => {
    const bot = system().bot('graceful');
    const script = `trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.1; done`;
    await bot.run('create', { start: true, command: ['/bin/sh', '-c', script] });
    await bot.run('stop', { timeoutSeconds: 20 });
    expect(await bot.get()).toMatchObject({ status: 'stopped', exit: { code: 7, cause: 'stopped' } });
    expect((await system().http.get(bot.path('/logs'))).body).toBe('up\nbye\n');

    const stubborn = system().bot('stubborn');
    await stubborn.run('create', {
      start: true,
      command: ['/bin/sh', '-c', `trap '' TERM; while :; do sleep 1; done`],
    });
    const asked = Date.now();
    await stubborn.run('stop', { timeoutSeconds: 1 });
    expect(Date.now() - asked).toBeGreaterThanOrEqual(1_000);
    expect(await stubborn.get()).toMatchObject({ status: 'stopped', exit: { code: 137, cause: 'stopped' } });
  });

  test('a create without start makes a container that waits', async () => {
    const bot = system().bot('made');
    await bot.run('create');
    const container = await bot.get();
    expect(container).toMatchObject({ status: 'stopped', startedAt: null, exit: null });
    expect((await bot.inspect()).State.Status).toBe('created');
    expect(await bot.containers()).toEqual([idOf(container)]);
  });

  test('operations sent back to back all run, in order, without a wait between them', async () => {
    const { watcher, http } = system();
    const bot = system().bot('queued');
    const sent = [
      await bot.send('create'),
      await bot.send('start'),
      await bot.send('stop', { timeoutSeconds: 5 }),
      await bot.send('start'),
      await bot.send('pause'),
    ];
    for (const [index, { position }] of sent.entries()) expect(position).toBeLessThanOrEqual(index);
    await watcher.status(bot, 'paused');
    expect((await bot.inspect()).State.Status).toBe('paused');
    const ended = await Promise.all(sent.map(({ id }) => http.get(`/v1/operations/${id}`)));
    expect(ended.map(({ body }) => (body as { status: string }).status)).toEqual(Array(5).fill('succeeded'));
    const order = watcher.of(bot.id).filter(({ type }) => type === 'operation.succeeded');
    expect(order.map(({ data }) => data.operation?.id)).toEqual(sent.map(({ id }) => id));
    const { version } = await bot.get();
    await watcher.until(bot, 'the last event', (event) => event.version === version);
    expect(watcher.of(bot.id).map((event) => event.version)).toEqual(Array.from({ length: version }, (_, i) => i + 1));
  });
}
