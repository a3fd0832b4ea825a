import { waitFor } from '#testing';
import { beforeAll, expect, test } from '@jest/globals';
import type { System } from '../support/system.js';
import { Inside } from './inside.js';

/** Commands that mean harm: to their own container at most. */
export function hostile(system: () => System): void {
  let inside: Inside;
  let neighbour: Inside;
  beforeAll(async () => {
    [inside, neighbour] = [new Inside(system().bot('hostile')), new Inside(system().bot('neighbour'))];
    await Promise.all([
      inside.bot.run('create', { start: true, resources: { pids: 64 } }),
      neighbour.bot.run('create', { start: true }),
    ]);
  });

  test('one that forks without end is held by its limit, hurts nobody else, and ends with its time', async () => {
    const bomb =
      'trap "" TERM HUP INT; f() { sleep 1000 & setsid sleep 1000 & }; while :; do f; done 2>/dev/null & while :; do :; done';
    const asked = inside.exec(bomb, { timeoutSeconds: 3 });
    expect(await neighbour.output('echo well')).toBe('well\n');
    expect((await neighbour.bot.get()).status).toBe('running');
    expect(await asked).toMatchObject({ timedOut: true });
    await inside.untilGone('sleep 1000');
    expect(await inside.output('echo well again')).toBe('well again\n');
  }, 60_000);

  const limit = async (bot: Inside['bot']): Promise<number | undefined | null> =>
    (await bot.inspect()).HostConfig.PidsLimit;
  // Not one that forks: a shell without room for that ends by itself.
  const BOMB = 'bomb() { bomb | bomb & }; bomb; exec sleep 100';

  test.each([1, 2])(
    'a fork bomb ends with its time, and nothing of it is left (%d)',
    async (n) => {
      const bot = system().bot(`bombed-${n}`);
      await bot.run('create', { start: true, resources: { pids: 256 } });
      const bombed = new Inside(bot);
      expect(await bombed.exec(BOMB, { timeoutSeconds: 4 })).toMatchObject({ timedOut: true, exitCode: 137 });
      expect(await bombed.processes('bomb()')).toBe(0);
      expect(await limit(bot)).toBe(256);
      await bot.run('stop', { timeoutSeconds: 0 });
    },
    90_000,
  );

  test('a task that is a fork bomb ends on request, and nothing of it is left', async () => {
    const bot = system().bot('bombed-task');
    await bot.run('create', { start: true, resources: { pids: 256 } });
    const bombed = new Inside(bot);
    const task = await bombed.start(BOMB);
    expect(await bombed.end(task)).toMatchObject({ status: 200, body: { status: 'killed' } });
    expect(await bombed.processes('bomb()')).toBe(0);
    expect(await limit(bot)).toBe(256);
  }, 120_000);

  const ANOTHER = 'setsid su bob -s /bin/sh -c "exec env -i sleep 9';

  test('what has become another user, with nothing to know it by, ends with its time, and soon', async () => {
    await inside.output('id bob >/dev/null 2>&1 || echo bob:x:1007:1007::/tmp:/bin/sh >> /etc/passwd');
    const { durationMs, ...result } = await inside.exec(`${ANOTHER}81" & wait`, { timeoutSeconds: 2 });
    expect(result).toMatchObject({ timedOut: true, exitCode: 137 });
    expect(await inside.processes('sleep 981')).toBe(0);
    expect(durationMs).toBeLessThan(4_500);
    // And where nothing but that is left to be waited for.
    const alone = ['su', 'bob', '-s', '/bin/sh', '-c', 'exec env -i sleep 971'];
    expect(await inside.exec(alone, { timeoutSeconds: 1 })).toMatchObject({ timedOut: true, exitCode: 137 });
    expect(await inside.processes('sleep 971')).toBe(0);
  });

  test('and so does that of a task, on request', async () => {
    const task = await inside.start(`${ANOTHER}95" & wait`);
    await waitFor(async () => (await inside.processes('exec env -i sleep 995')) > 0, { what: 'it to begin' });
    expect(await inside.end(task)).toMatchObject({ status: 200, body: { status: 'killed' } });
    expect(await inside.processes('sleep 995')).toBe(0);
  });

  test('one that closes its outputs and lives on is waited for, and killed in its time', async () => {
    expect(await inside.exec('exec >&- 2>&-; sleep 1; exit 5')).toMatchObject({ exitCode: 5 });
    const lives = await inside.exec('exec >&- 2>&-; sleep 700', { timeoutSeconds: 1 });
    expect(lives).toMatchObject({ timedOut: true, exitCode: 137 });
    await inside.untilGone('sleep 700');
  });

  test('one whose child holds its outputs open ends when it ends itself', async () => {
    expect(await inside.exec('sleep 300 & echo $!; exit 6')).toMatchObject({
      exitCode: 6,
      stdout: expect.stringMatching(/^\d+\n$/),
    });
    expect(await inside.processes('sleep 300')).toBe(1);
  });

  test('one that prints what looks like an end is not believed', async () => {
    const forged = "printf '\\036%s0;' 0123456789abcdef0123456789abcdef; echo more; exit 9";
    const { exitCode, stdout } = await inside.exec(forged);
    expect([exitCode, stdout]).toEqual([9, '\x1e0123456789abcdef0123456789abcdef0;more\n']);
  });
}
