import { statsSchema } from '#contracts';
import { expect, test } from '@jest/globals';
import { openStream } from '../support/event-stream.js';
import { exactly, expectProblem } from '../support/exact.js';
import { execIn } from '../support/engine.js';
import { idOf, type System } from '../support/system.js';

const MIB = 1024 * 1024;

/** Logs and stats: what the node tells of a container as it is now. */
export function observing(system: () => System): void {
  test('logs: all of it, the last lines, and what was written before a restart', async () => {
    const { http } = system();
    const bot = system().bot('logs');
    const script = `for i in 1 2 3; do echo line $i; echo error $i >&2; sleep 0.05; done; while :; do sleep 0.1; done`;
    await bot.run('create', { start: true, command: ['/bin/sh', '-c', script] });
    const read = async (query: string): Promise<string> => {
      const answer = await http.get(bot.path(`/logs${query}`));
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      return answer.body as string;
    };
    const all = 'line 1\nerror 1\nline 2\nerror 2\nline 3\nerror 3\n';
    expect((await read('')).split('\n').sort()).toEqual(all.split('\n').sort());
    expect((await read('?tail=2')).split('\n').sort()).toEqual(['', 'error 3', 'line 3']);
    expect(await read('?tail=0')).toBe('');
    await bot.run('stop', { timeoutSeconds: 1 });
    expect((await read('?tail=10000')).length).toBe(all.length);
    await bot.run('start');
    expect((await read('?tail=10000')).length).toBe(2 * all.length);
    for (const query of ['?tail=-1', '?tail=10001', '?tail=x', '?follow=yes', '?since=1']) {
      expectProblem(await http.get(bot.path(`/logs${query}`)), 400, 'validation_failed');
    }
  });

  test('logs that are followed come line by line, as stdout and stderr, until the container ends', async () => {
    const { services, docker } = system();
    const bot = system().bot('follow');
    const script = `
      echo before; echo 'ütf-8 ✓' >&2
      while [ ! -e /data/go ]; do sleep 0.05; done
      echo after; echo 'after too' >&2
      trap 'exit 0' TERM; while :; do sleep 0.05; done`;
    await bot.run('create', { start: true, command: ['/bin/sh', '-c', script] });
    const stream = await openStream(services, bot.path('/logs?follow=true&tail=100'));
    expect(stream.status).toBe(200);
    expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/);
    await stream.until('what was written before', (messages) => messages.length === 2);
    expect(stream.messages.map(({ event, data }) => `${event}: ${data}`).sort()).toEqual([
      'stderr: ütf-8 ✓',
      'stdout: before',
    ]);
    await execIn(docker, idOf(await bot.get()), 'touch /data/go');
    await stream.until('what is written now', (messages) => messages.length === 4);
    expect(stream.ended).toBe(false);
    await bot.run('stop', { timeoutSeconds: 5 });
    await stream.untilEnd();
    expect(
      stream.messages
        .slice(2, 4)
        .map(({ event, data }) => `${event}: ${data}`)
        .sort(),
    ).toEqual(['stderr: after too', 'stdout: after']);
    expect(stream.messages.slice(4)).toEqual([{ event: 'end', id: null, data: '{}' }]);

    const gone = await openStream(services, bot.path('/logs?follow=true&tail=1'));
    await gone.untilEnd();
    expect(gone.messages.at(-1)?.event).toBe('end');
  });

  test('stats are of this container and within its limits', async () => {
    const { http, docker } = system();
    const bot = system().bot('stats');
    await bot.run('create', { start: true, resources: { memoryMb: 40, pids: 30, cpus: 0.5 } });
    const asked = Date.now();
    const stats = exactly(statsSchema, (await http.get(bot.path('/stats'))).body);
    expect(stats.memoryLimitBytes).toBe(40 * MIB);
    expect(stats.memoryBytes).toBeGreaterThan(0);
    expect(stats.memoryBytes).toBeLessThan(40 * MIB);
    // The idle command and its init.
    expect(stats.pids).toBe(2);
    expect(stats.cpuPercent).toBeGreaterThanOrEqual(0);
    expect(stats.cpuPercent).toBeLessThan(60);
    expect(Math.abs(Date.parse(stats.at) - asked)).toBeLessThan(5_000);

    const id = idOf(await bot.get());
    await execIn(docker, id, `setsid sh -c 'while :; do :; done' > /dev/null 2>&1 & sleep 0.3`);
    const busy = exactly(statsSchema, (await http.get(bot.path('/stats'))).body);
    expect(busy.cpuPercent).toBeGreaterThan(20);
    expect(busy.cpuPercent).toBeLessThan(75);
    expect(busy.pids).toBe(3);

    await bot.run('pause');
    expect((await http.get(bot.path('/stats'))).status).toBe(200);
    await bot.run('stop', { timeoutSeconds: 0 });
    expectProblem(await http.get(bot.path('/stats')), 409, 'container_not_running');
    expect((await http.get(bot.path('/logs'))).status).toBe(200);
    await bot.run('delete');
    for (const what of ['/stats', '/logs', '/logs?follow=true']) {
      expectProblem(await http.get(bot.path(what)), 404, 'container_not_found');
      expectProblem(await http.get(system().bot('nobody').path(what)), 404, 'bot_not_found');
    }
  });
}
