import { operationSchema, type EventView } from '#contracts';
import { TINY_IMAGE, waitFor } from '#testing';
import { expect, test } from '@jest/globals';
import type { TestBot } from '../support/bot.js';
import { exactly } from '../support/exact.js';
import { execIn } from '../support/engine.js';
import { idOf, type System } from '../support/system.js';
import type { Seen } from '../support/watcher.js';

/** From what happened on the engine to its event at a client. */
const TRUTH_MS = 2_000;

type Exit = NonNullable<EventView['data']['exit']>;

/** Runs until the file that is named after its end appears, so that a test decides when it ends. */
const ON_DEMAND = `
while :; do
  [ -e /data/crash ] && rm /data/crash && exit 3
  [ -e /data/finish ] && rm /data/finish && exit 0
  [ -e /data/eat ] && rm /data/eat && exec tail /dev/zero
  sleep 0.05
done`;

/** What happens behind Berth's back shows on the socket within two seconds, with its exit and cause, and in the API. */
export function truth(system: () => System): void {
  /** Acts on the engine, and waits for the event that tells of it. */
  const behind = async (
    bot: TestBot,
    act: (id: string) => Promise<unknown>,
    what: string,
    wanted: (event: EventView) => boolean,
  ): Promise<Seen> => {
    const { version, containerId } = await bot.get();
    if (containerId === null) throw new Error('there is nothing to act on');
    await act(containerId);
    const acted = Date.now();
    const seen = await system().watcher.until(bot, what, wanted, version, 10_000);
    expect(seen.receivedAt - acted).toBeLessThan(TRUTH_MS);
    expect(seen.event.type).toBe('container.status');
    return seen;
  };
  const becomes = (bot: TestBot, status: string, act: (id: string) => Promise<unknown>): Promise<Seen> =>
    behind(bot, act, `the truth: ${status}`, (event) => event.data.status === status);
  const ends = (bot: TestBot, cause: Exit['cause'], act: (id: string) => Promise<unknown>): Promise<Seen> =>
    behind(bot, act, `an end: ${cause}`, (event) => event.data.exit?.cause === cause);

  test('docker kill, stop, start, pause and unpause', async () => {
    const bot = system().bot('behind');
    await bot.run('create', { start: true });
    const at = (id: string) => bot.container(id);

    const killed = await becomes(bot, 'stopped', (id) => at(id).kill());
    expect(killed.event.data).toMatchObject({
      previousStatus: 'running',
      exit: { code: 137, oomKilled: false, cause: 'killed' },
      container: { status: 'stopped', exit: { code: 137 } },
    });
    expect(killed.event.data.operation).toBeUndefined();
    expect(await bot.get()).toMatchObject({ status: 'stopped', exit: killed.event.data.exit, lastError: null });

    await becomes(bot, 'running', (id) => at(id).start());
    const paused = await becomes(bot, 'paused', (id) => at(id).pause());
    expect(paused.event.data.previousStatus).toBe('running');
    expect((await bot.get()).status).toBe('paused');
    await becomes(bot, 'running', (id) => at(id).unpause());

    const stopped = await becomes(bot, 'stopped', (id) => at(id).stop({ t: 5 }));
    expect(stopped.event.data.exit).toMatchObject({ code: 143, oomKilled: false, cause: 'killed' });
    await bot.run('start');
    expect((await bot.inspect()).State.Status).toBe('running');
  });

  test('docker rm -f: absent, its data kept, and a create makes it anew', async () => {
    const bot = system().bot('removed');
    await bot.run('create', { start: true });
    const before = await bot.get();
    await execIn(system().docker, idOf(before), 'echo kept > /data/note');
    const told = system().watcher.statuses(bot.id).length;
    const gone = await becomes(bot, 'absent', (id) => bot.container(id).remove({ force: true }));
    // The end of its process is not told apart, unless the rest takes longer than usual; it is no failure either.
    expect(['absent', 'stopped absent']).toContain(system().watcher.statuses(bot.id).slice(told).join(' '));
    expect(gone.event.data.container).toMatchObject({ status: 'absent', containerId: null });
    expect(await bot.get()).toMatchObject({ status: 'absent', containerId: null, image: null, resources: null });
    expect(await bot.volumes()).toHaveLength(1);
    expect((await bot.ask('start')).status).toBe(409);

    await bot.run('create', { start: true });
    const id = idOf(await bot.get());
    expect(id).not.toBe(before.containerId);
    expect(await execIn(system().docker, id, 'cat /data/note')).toEqual({ exitCode: 0, output: 'kept\n' });
  });

  test('a crash of the main process, an end in peace, and running out of memory', async () => {
    const { docker } = system();
    const bot = system().bot('crashing');
    const command = ['/bin/sh', '-c', ON_DEMAND];
    await bot.run('create', { start: true, command, resources: { memoryMb: 16 } });
    const touch = (name: string) => (id: string) => execIn(docker, id, `touch /data/${name}`);
    // The engine starts it again, and that is told too.
    const up = () =>
      waitFor(async () => (await bot.get()).status === 'running' && (await bot.inspect()).State.Status === 'running', {
        what: 'the container to run again',
      });

    const crash = await ends(bot, 'crashed', touch('crash'));
    expect(crash.event.data.exit).toMatchObject({ code: 3, oomKilled: false });
    await up();
    expect((await bot.get()).exit).toEqual(crash.event.data.exit);

    const finished = await ends(bot, 'completed', touch('finish'));
    expect(finished.event.data.exit).toMatchObject({ code: 0, oomKilled: false });
    await up();

    const eaten = await ends(bot, 'oom', touch('eat'));
    expect(eaten.event.data.exit).toMatchObject({ code: 137, oomKilled: true });
    await up();
    expect((await bot.get()).exit).toEqual(eaten.event.data.exit);
  });

  test('the idle main process killed from within comes back, and its end is told', async () => {
    const { docker } = system();
    const bot = system().bot('idle');
    await bot.run('create', { start: true });
    const killed = await ends(bot, 'killed', (id) => execIn(docker, id, 'kill -9 $(pidof sleep)'));
    expect(killed.event.data.exit).toMatchObject({ code: 137, oomKilled: false });
    await waitFor(async () => (await bot.inspect()).State.Running, { what: 'the engine to start it again' });
    await waitFor(async () => (await bot.get()).status === 'running', { what: 'the truth: running' });
  });

  test('docker rm -f in the middle of a stop: the lane goes on to its end, and the truth is told', async () => {
    const bot = system().bot('pulled-away');
    const script = `trap 'sleep 2; exit 0' TERM; while :; do sleep 0.1; done`;
    await bot.run('create', { start: true, command: ['/bin/sh', '-c', script] });
    const sent = [await bot.send('stop', { timeoutSeconds: 20 }), await bot.send('start')];
    await system().watcher.status(bot, 'stopping');
    await bot.container(idOf(await bot.get())).remove({ force: true });
    await system().watcher.status(bot, 'absent');
    for (const { id } of sent) {
      const { body } = await system().http.get(`/v1/operations/${id}?wait=10`);
      expect(exactly(operationSchema, body).finishedAt).not.toBeNull();
    }
    expect(await bot.get()).toMatchObject({ status: 'absent', containerId: null, operation: null, queued: 0 });
  });

  test('a container with labels like ours that nobody here has made keeps no worker from its work', async () => {
    const { docker, services } = system();
    const bot = system().bot('beside');
    await bot.run('create');
    const Labels = {
      'berth.managed': 'true',
      'berth.tenant': 'no-uuid',
      'berth.bot': bot.id,
      'berth.incarnation': '1',
      'berth.operation': 'none',
    };
    const stranger = await docker.createContainer({ Image: TINY_IMAGE, Cmd: ['sleep', '60'], Labels });
    await services.worker.restart('SIGTERM');
    await bot.run('start');
    await becomes(bot, 'stopped', (id) => bot.container(id).kill());
    // It is not ours to remove either.
    expect((await stranger.inspect()).State.Status).toBe('created');
    await stranger.remove();
  });
}
