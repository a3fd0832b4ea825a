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
