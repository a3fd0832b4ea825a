import { MAX_OUTPUT_BYTES } from '#contracts';
import { waitFor } from '#testing';
import { beforeAll, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { openStream } from '../support/event-stream.js';
import { expectProblem } from '../support/exact.js';
import type { System } from '../support/system.js';
import { makeTenant } from '../support/tenants.js';
import { Inside } from './inside.js';

export function commands(system: () => System): void {
  let inside: Inside;
  beforeAll(async () => {
    inside = new Inside(system().bot('commands'));
    await inside.bot.run('create', { start: true, env: { OWNED: 'by the owner', BOTH: 'container' } });
  });

  test('a line for the shell and a list of words, with both outputs apart and the exit code', async () => {
    expect(await inside.exec('echo out; echo err >&2; exit 7')).toMatchObject({
      exitCode: 7,
      stdout: 'out\n',
      stderr: 'err\n',
      truncated: false,
      timedOut: false,
    });
    expect(await inside.output(['printf', '%s|', 'a b', '$HOME', "it's", ''])).toBe("a b|$HOME|it's||");
  });

  test.each([
    ['cannot be found', ['no-such-program'], 127],
    ['cannot be executed', ['/etc/passwd'], 126],
    ['dies of a signal', 'kill -SEGV $$', 139],
    ['dies of INT, which is not ignored', 'kill -INT $$; sleep 5', 130],
  ])('one that %s', async (_what, command, exitCode) => {
    await inside.exec(['touch', '/etc/passwd']);
    expect(await inside.exec(command)).toMatchObject({ exitCode });
  });

  test('its environment, directory, user and input', async () => {
    const env = { BOTH: 'call', ID: 'x', p: 'y', found: 'z' };
    expect(await inside.output('echo "$OWNED|$BOTH|$ID|$p|$found"', { env })).toBe('by the owner|call|x|y|z\n');
    expect(await inside.output(['pwd'], { cwd: '/data' })).toBe('/data\n');
    expect(await inside.output(['id', '-u'], { user: '1234' })).toBe('1234\n');
    expect(await inside.output(['cat'], { stdin: 'grüße\n' })).toBe('grüße\n');
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const encoded = bytes.toString('base64');
    expect(await inside.output(['cat'], { stdin: encoded, encoding: 'base64' })).toBe(encoded);
    // An input that nobody reads holds up nothing.
    expect(await inside.output(['true'], { stdin: 'x'.repeat(200_000) })).toBe('');
    expect(await inside.output(['cat'])).toBe('');
  });

  test('a directory or a user that is not there is told', async () => {
    expectProblem(await inside.ask({ command: 'true', cwd: '/no/such' }), 404, 'file_not_found');
    expectProblem(await inside.ask({ command: 'true', user: 'nobody-at-all' }), 400, 'validation_failed');
  });

  test.each([
    ['no command', {}],
    ['an empty one', { command: '' }],
    ['an empty list', { command: [] }],
    ['no program', { command: ['', 'x'] }],
    ['a NUL', { command: 'a\u0000b' }],
    ['a relative directory', { command: 'true', cwd: 'tmp' }],
    ['a directory above', { command: 'true', cwd: '/tmp/../etc' }],
    ['no time', { command: 'true', timeoutSeconds: 0 }],
    ['too much time', { command: 'true', timeoutSeconds: 3601 }],
    ['a name that is ours', { command: 'true', env: { __BERTH_RUN: 'x' } }],
    ['an unknown member', { command: 'true', tty: true }],
  ])('%s is refused', async (_what, body) => {
    expectProblem(await inside.ask(body), 400, 'validation_failed');
  });

  test('of a list that is too long, the limit is told', async () => {
    const answer = await inside.ask({ command: Array.from({ length: 1025 }, () => 'x') });
    expectProblem(answer, 400, 'validation_failed');
    expect((answer.body as { detail: string }).detail).toContain('1024');
  });

  test('more output than is kept is cut, and the command still ends by itself', async () => {
    const result = await inside.exec('head -c 30000000 /dev/zero; echo end >&2; exit 3');
    expect(result).toMatchObject({ exitCode: 3, truncated: true, stderr: 'end\n' });
    expect(result.stdout).toHaveLength(MAX_OUTPUT_BYTES);
  });

  test('at the end of its time it is killed with all that it began, however stubborn', async () => {
    const mark = `sleep 9${Date.now()}`;
    const command = `trap "" TERM INT HUP; (setsid sh -c '${mark}' &); ${mark} & ${mark}`;
    const result = await inside.exec(command, { timeoutSeconds: 1 });
    expect(result).toMatchObject({ timedOut: true, exitCode: 137 });
    await inside.untilGone(mark);
  });

  test('it ends with its caller', async () => {
    const mark = `sleep 8${Date.now()}`;
    const controller = new AbortController();
    const asked = inside.bot.http
      .request('POST', inside.path('/exec'), { body: { command: `${mark} & ${mark}` }, signal: controller.signal })
      .catch(() => null);
    await waitFor(async () => (await inside.processes(mark)) >= 2, { what: 'it to run' });
    controller.abort();
    await asked;
    await inside.untilGone(mark);
  });

  test('a stream tells output as it is written, in whole characters, and the end', async () => {
    const stream = await openStream(system().services, inside.path('/exec'), {
      body: {
        command: 'printf "gr\\303"; read x; printf "\\274n\\n"; echo oops >&2; exit 4',
        stdin: '',
      },
    });
    await stream.untilEnd();
    const text = (event: string): string =>
      stream.messages
        .filter((message) => message.event === event)
        .map(({ data }) => (JSON.parse(data) as { data: string }).data)
        .join('');
    expect([text('stdout'), text('stderr')]).toEqual(['grün\n', 'oops\n']);
    const last = stream.messages.at(-1);
    expect([last?.event, JSON.parse(last?.data ?? '{}')]).toEqual([
      'exit',
      { exitCode: 4, timedOut: false, durationMs: expect.any(Number) },
    ]);
  });

  test('its first byte comes while it still runs', async () => {
    const stream = await openStream(system().services, inside.path('/exec'), {
      body: { command: 'echo first; sleep 600' },
    });
    await stream.until('the first output', (messages) => messages.some(({ data }) => data.includes('first')));
    expect(stream.ended).toBe(false);
    stream.close();
    await inside.untilGone('sleep 600');
  });

  test('a key makes it run once', async () => {
    const headers = { 'idempotency-key': randomBytes(8).toString('hex') };
    const body = { command: 'date +%s%N; echo x >> /data/times' };
    const [first, second] = [await inside.ask(body, headers), await inside.ask(body, headers)];
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(await inside.output('cat /data/times')).toBe('x\n');
    const stream = { ...headers, accept: 'text/event-stream' };
    expectProblem(await inside.ask(body, stream), 400, 'validation_failed');
  });

  test('it waits while a snapshot holds the container still', async () => {
    await inside.output('head -c 60000000 /dev/urandom > /data/big');
    const [snapshot, result] = await Promise.all([
      inside.bot.snapshot('in the middle'),
      waitFor(
        async () => {
          const { State } = await inside.bot.inspect();
          return State.Paused ? inside.exec('echo thawed') : null;
        },
        { what: 'the freeze', everyMs: 10 },
      ),
    ]);
    expect([snapshot.status, result]).toMatchObject(['ready', { exitCode: 0, stdout: 'thawed\n' }]);
  });

  test('what does not run, is gone or somebody else’s has no inside', async () => {
    const bot = system().bot('outside');
    const outside = new Inside(bot);
    expectProblem(await outside.ask({ command: 'true' }), 404, 'bot_not_found');
    await bot.run('create');
    expectProblem(await outside.ask({ command: 'true' }), 409, 'container_not_running');
    await bot.run('start');
    const other = await makeTenant(system());
    const foreign = await other.http.post(outside.path('/exec'), { command: 'true' });
    expectProblem(foreign, 404, 'bot_not_found');
    await bot.run('pause');
    expectProblem(await outside.ask({ command: 'true' }), 409, 'container_not_running');
    await bot.run('delete');
    expectProblem(await outside.ask({ command: 'true' }), 404, 'container_not_found');
  });

  test('a command that kills what began it has an exit code, and goes with it', async () => {
    expect(await inside.exec('kill -TERM $PPID; echo done')).toMatchObject({ exitCode: 143 });
    expect(await inside.exec('kill -KILL $PPID; n=777; exec sleep $n')).toMatchObject({ exitCode: 137 });
    await inside.untilGone('sleep 777');
  });

  test('input that is no base64, where it is to be, is refused', async () => {
    const answer = await inside.ask({ command: 'cat', stdin: '!!!', encoding: 'base64' });
    expectProblem(answer, 400, 'validation_failed');
    expect(await inside.exec('cat', { stdin: 'AAE=', encoding: 'base64' })).toMatchObject({ stdout: 'AAE=' });
  });

  test('around a stop, a restart and a delete nothing is told but that the container does not run', async () => {
    const bot = system().bot('ending');
    const ending = new Inside(bot);
    await bot.run('create', { start: true });
    const told = new Set<string>();
    let isOver = false;
    const asking = (async () => {
      const asked: Promise<void>[] = [];
      for (let i = 0; !isOver; i += 1) {
        const answer =
          i % 2 ? ending.ask({ command: 'true' }) : ending.bot.http.post(ending.path('/tasks'), { command: 'true' });
        asked.push(
          answer.then(({ status, body }) => void told.add(`${status} ${(body as { code?: string }).code ?? ''}`)),
        );
        await delay(40);
      }
      await Promise.all(asked);
    })();
    for (const verb of ['stop', 'start', 'restart', 'stop', 'start', 'delete'] as const) await bot.run(verb);
    isOver = true;
    await asking;
    const allowed = ['200 ', '201 ', '404 container_not_found', '409 container_not_running'];
    expect([...told].filter((each) => !allowed.includes(each))).toEqual([]);
  });

  test('a container that ends under it ends it, and says so', async () => {
    const bot = system().bot('ends');
    await bot.run('create', { start: true });
    const other = new Inside(bot);
    const asked = other.ask({ command: 'sleep 500' });
    await waitFor(async () => (await other.processes('sleep 500')) > 0, { what: 'it to run' });
    await bot.run('stop', { timeoutSeconds: 0 });
    expectProblem(await asked, 409, 'container_not_running');
  });
}
