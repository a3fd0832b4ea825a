import { taskPage, type EventView } from '#contracts';
import { waitFor } from '#testing';
import { beforeAll, expect, test } from '@jest/globals';
import { openStream } from '../support/event-stream.js';
import { exactly, expectProblem } from '../support/exact.js';
import { idOf, type System } from '../support/system.js';
import { Inside } from './inside.js';

const TICKER = [
  'sh',
  '-c',
  'trap "echo told; exit 9" TERM; i=0; while :; do echo tick $i; i=$((i+1)); sleep 0.1; done',
];

export function tasks(system: () => System): void {
  let inside: Inside;
  beforeAll(async () => {
    inside = new Inside(system().bot('tasks'));
    await inside.bot.run('create', { start: true, env: { OWNED: 'yes' } });
  });
  const count = async (): Promise<number> => (await inside.bot.get()).tasks;

  test('runs detached, is counted and told live, and its code, end and output are kept', async () => {
    const before = await inside.bot.get();
    const task = await inside.start('echo $OWNED $MORE; echo err >&2; read x; exit 5', {
      name: 'first',
      env: { MORE: 'too' },
    });
    expect(task).toMatchObject({ status: 'running', name: 'first', exitCode: null, endedAt: null });
    expect(await inside.ended(task)).toMatchObject({ status: 'exited', exitCode: 5, reason: null });
    expect(await inside.logs(task)).toBe('yes too\nerr\n');
    const { watcher } = system();
    const of = (type: EventView['type']) => (event: EventView) =>
      event.type === type && event.data.task?.id === task.id;
    const started = await watcher.until(inside.bot, 'its start', of('task.started'), before.version);
    const exited = await watcher.until(inside.bot, 'its end', of('task.exited'), before.version);
    expect([started.event.data.tasks, exited.event.data.tasks]).toEqual([1, 0]);
    expect(exited.event.data.task).toMatchObject({ status: 'exited', exitCode: 5, name: 'first' });
    expect(await count()).toBe(0);
  });

  test('one that has ended by itself is not noted as killed where its end is asked for then', async () => {
    const task = await inside.start('exit 3');
    await inside.ended(task);
    expect(await inside.end(task)).toMatchObject({ status: 200, body: { status: 'exited', exitCode: 3 } });
    expect(await inside.output(`ls /var/lib/berth/tasks/${task.id}`)).not.toContain('killed');
  });

  test('one that has become another user’s is told as killed, too', async () => {
    const task = await inside.start('exec su nobody -s /bin/sh -c "n=7301; exec sleep \\$n"');
    await waitFor(async () => (await inside.processes('sleep 7301')) === 1, { what: 'it to run' });
    expect(await inside.end(task)).toMatchObject({ status: 200, body: { status: 'killed', exitCode: 143 } });
  });

  test('a signal reaches it, and it is told as killed', async () => {
    const task = await inside.start(TICKER);
    expect(await count()).toBe(1);
    await waitFor(async () => (await inside.logs(task)).includes('tick 1'), { what: 'ticks' });
    expect(await inside.end(task)).toMatchObject({ status: 200, body: { status: 'killed', exitCode: 9 } });
    expect(await inside.logs(task, '?tail=1')).toBe('told\n');
    // Once more is no harm.
    expect(await inside.end(task)).toMatchObject({ status: 200, body: { status: 'killed' } });
    expect(await count()).toBe(0);
  });

  test('is signalled once: a second one would hurry what it is putting away', async () => {
    const task = await inside.start(
      'n=0; trap "n=\\$((n+1)); echo told \\$n" TERM; while [ $n -lt 1 ]; do sleep 0.1; done; sleep 1; echo $n',
    );
    await waitFor(async () => (await inside.processes('sleep 0.1')) > 0, { what: 'it to run' });
    await inside.end(task);
    expect((await inside.logs(task)).split('\n').filter((line) => line.startsWith('told'))).toEqual(['told 1']);
  });

  test('one that ignores the signal is killed after a while, with all that it began', async () => {
    const task = await inside.start('trap "" TERM; setsid sleep 4321 & sleep 4321 & while :; do sleep 1; done');
    await waitFor(async () => (await inside.processes('sleep 4321')) >= 2, { what: 'it to run' });
    expect(await inside.end(task)).toMatchObject({ status: 200, body: { status: 'killed', exitCode: 137 } });
    await inside.untilGone('sleep 4321');
  }, 60_000);

  test('what ignores the signal is killed, too, where the first of them has died of it', async () => {
    const task = await inside.start('n=991; (trap "" TERM; exec sleep $n) & wait');
    await waitFor(async () => (await inside.processes('sleep 991')) === 1, { what: 'it to run' });
    expect(await inside.end(task)).toMatchObject({ status: 200, body: { status: 'killed', exitCode: 143 } });
    expect(await inside.processes('sleep 991')).toBe(0);
    await waitFor(async () => (await inside.processes(task.id)) === 0, { what: 'its log to be closed' });
  }, 60_000);

  test('what one has left that ended by itself is ended, too', async () => {
    const task = await inside.start('n=992; sleep $n & exit 3');
    expect(await inside.ended(task)).toMatchObject({ status: 'exited', exitCode: 3 });
    expect(await inside.processes('sleep 992')).toBe(1);
    expect(await inside.end(task)).toMatchObject({ status: 200, body: { status: 'exited', exitCode: 3 } });
    expect(await inside.processes('sleep 992')).toBe(0);
  });

  test('its log can be followed to its end, and is bounded', async () => {
    const task = await inside.start('i=0; while [ $i -lt 5 ]; do echo line $i; i=$((i+1)); sleep 0.2; done');
    const stream = await openStream(system().services, inside.path(`/tasks/${task.id}/logs?follow=true`));
    await stream.untilEnd(20_000);
    const lines = stream.messages.filter(({ event }) => event === 'stdout').map(({ data }) => data);
    expect(lines).toEqual([0, 1, 2, 3, 4].map((n) => `line ${n}`));
    expect(stream.messages.at(-1)?.event).toBe('end');

    const loud = await inside.start('head -c 60000000 /dev/zero | tr "\\0" x; echo; echo last');
    await inside.ended(loud, 60_000);
    await waitFor(async () => (await inside.logs(loud, '?tail=1')) === 'last\n', { what: 'its last line' });
    expect(Number(await inside.output('du -sk /var/lib/berth/tasks | cut -f1'))).toBeLessThan(20_000);
  }, 90_000);

  test('goes on while its worker is killed, and an end in its absence is recorded', async () => {
    const { worker } = system().services;
    const [long, short] = [await inside.start(TICKER), await inside.start('sleep 1; exit 3')];
    await worker.kill('SIGKILL');
    const container = system().docker.getContainer(idOf(await inside.bot.get()));
    const running = async (): Promise<string> => {
      const { Processes } = (await container.top()) as { Processes: string[][] };
      return Processes.map((row) => row.join(' ')).join('\n');
    };
    await waitFor(async () => !(await running()).includes('sleep 1; exit 3'), {
      what: 'it to end',
      deadlineMs: 20_000,
    });
    worker.start();
    await system().services.ready();
    expect(await inside.ended(short, 60_000)).toMatchObject({ status: 'exited', exitCode: 3 });
    expect(await inside.task(long.id)).toMatchObject({ status: 'running' });
    await waitFor(async () => (await inside.bot.http.get(inside.path(`/tasks/${long.id}/logs`))).status === 200, {
      what: 'the agent',
    });
    expect(await inside.end(long)).toMatchObject({ status: 200, body: { status: 'killed', exitCode: 9 } });
  }, 120_000);

  test.each([
    ['a stop', 'killed', (bot: Inside['bot']) => bot.run('stop', { timeoutSeconds: 0 })],
    ['a restart', 'killed', (bot: Inside['bot']) => bot.run('restart')],
    ['a delete', 'killed', (bot: Inside['bot']) => bot.run('delete')],
    [
      'a kill from outside',
      'lost',
      async (bot: Inside['bot']): Promise<void> => void (await bot.container(idOf(await bot.get())).kill()),
    ],
  ] as const)('%s of the container ends it, in the same moment and with the reason', async (what, status, end) => {
    const bot = system().bot(`ends-by-${what.replaceAll(' ', '-')}`);
    await bot.run('create', { start: true });
    const other = new Inside(bot);
    const task = await other.start('sleep 1000');
    await end(bot);
    const ended = await other.ended(task);
    expect(ended).toMatchObject({ status, exitCode: null, reason: expect.stringContaining('container') });
    expect((await bot.get()).tasks).toBe(0);
    const events = await bot.events();
    const told = events.find(({ type }) => type === 'task.exited');
    const down = events.find(
      ({ type, data }) =>
        type === 'container.status' &&
        data.container?.tasks === 0 &&
        data.container.startedAt !== null &&
        data.container.version >= (told?.version ?? Infinity),
    );
    expect(told?.data.task).toMatchObject({ id: task.id, status });
    expect(down?.version ?? told?.version).toBeLessThanOrEqual((told?.version ?? 0) + 1);
  });

  test('those of a snapshot’s restore end, those of a snapshot go on', async () => {
    const bot = system().bot('restored');
    await bot.run('create', { start: true });
    const other = new Inside(bot);
    const task = await other.start(TICKER);
    const { id } = await bot.snapshot('with a task');
    expect(await other.task(task.id)).toMatchObject({ status: 'running' });
    await bot.restore(id, { safetySnapshot: false });
    expect(await other.task(task.id)).toMatchObject({ status: 'killed' });
  });

  test('lists, newest first, by status', async () => {
    const [one, two] = [await inside.start('exit 0'), await inside.start(TICKER)];
    await inside.ended(one);
    const list = async (query: string): Promise<string[]> =>
      exactly(taskPage, (await inside.bot.http.get(inside.path(`/tasks${query}`))).body).items.map(({ id }) => id);
    expect(await list('?limit=2')).toEqual([two.id, one.id]);
    expect(await list('?status=running')).toEqual([two.id]);
    await inside.end(two, '?signal=KILL');
    expect(await list('?status=running')).toEqual([]);
  });

  test('what cannot begin says why, and is recorded as lost', async () => {
    expectProblem(
      await inside.bot.http.post(inside.path('/tasks'), { command: 'true', cwd: '/no/such' }),
      404,
      'file_not_found',
    );
    const { items } = exactly(taskPage, (await inside.bot.http.get(inside.path('/tasks?limit=1'))).body);
    expect(items[0]).toMatchObject({ status: 'lost', reason: expect.any(String) });
    const missing = await inside.start(['no-such-program']);
    expect(await inside.ended(missing)).toMatchObject({ status: 'exited', exitCode: 127 });
    expect(await inside.logs(missing)).toContain('no-such-program');
    expectProblem(
      await inside.bot.http.get(inside.path('/tasks/01a22c3d-1b2c-7a3d-9e4f-5a6b7c8d9e0f')),
      404,
      'task_not_found',
    );
    expectProblem(await inside.end({ ...missing, id: 'nonsense' }), 404, 'task_not_found');
    expectProblem(await inside.end(missing, '?signal=STOP'), 400, 'validation_failed');
  });

  test('a container may run but so many', async () => {
    const bot = system().bot('many');
    await bot.run('create', { start: true, resources: { pids: 1024, memoryMb: 512 } });
    const many = new Inside(bot);
    const begun = [];
    for (let n = 0; n < 100; n += 10)
      begun.push(...(await Promise.all(Array.from({ length: 10 }, () => many.start('sleep 1000')))));
    expectProblem(await bot.http.post(many.path('/tasks'), { command: 'true' }), 429, 'quota_exceeded');
    expect((await bot.get()).tasks).toBe(100);
    await bot.run('stop', { timeoutSeconds: 0 });
    expect((await bot.get()).tasks).toBe(0);
    expect(await many.task(begun[0]?.id ?? '')).toMatchObject({ status: 'killed' });
  }, 180_000);
}
