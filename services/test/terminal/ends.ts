import { waitFor } from '#testing';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import type { TestBot } from '../support/bot.js';
import type { System } from '../support/system.js';
import { makeKey } from '../support/tenants.js';
import { containerOf, running, TestTerminal, untilEnded, untilRunning } from './client.js';

/** Begun in a terminal in every way that might outlive it, as another user too. */
const STUBBORN = `(trap '' HUP; exec sleep 7101) & setsid sleep 7102 & (trap '' HUP TERM INT; sleep 7103) & (sleep 7104 &) ; su nobody -s /bin/sh -c "(trap '' HUP; sleep 7106) & sleep 7107" & sleep 7105`;
const SLEEPERS = [7101, 7102, 7103, 7104, 7105, 7106, 7107];

/** When and how a terminal ends, and that nothing of it stays. */
export function ends(system: () => System): void {
  let bot: TestBot;
  let container: Awaited<ReturnType<typeof containerOf>>;
  beforeAll(async () => {
    bot = system().bot('ends');
    await bot.run('create', { start: true });
    container = await containerOf(bot);
  });
  afterEach(async () => {
    // Nothing of a terminal is left to the next test.
    await waitFor(async () => !(await running(container)).some((line) => /sleep 7|\bsh -l/.test(line)), {
      what: 'the end of all that ran in terminals',
      deadlineMs: 25_000,
    });
  });

  async function stubborn(key?: string): Promise<{ terminal: TestTerminal; socket: { close(): void } }> {
    const socket = await system().services.socket(key);
    const terminal = await TestTerminal.open(socket, bot);
    await terminal.type(`${STUBBORN}\r`);
    for (const sleeper of SLEEPERS) await untilRunning(container, `sleep ${sleeper}`);
    return { terminal, socket };
  }

  /** The worker runs again, and takes terminals. */
  async function restarted(): Promise<void> {
    system().services.worker.start();
    const socket = await system().services.socket();
    await waitFor(
      async () => (await socket.ask('terminal.open', { botId: bot.id, cols: 80, rows: 24, command: 'true' }))['ok'],
      { what: 'the worker to be back', deadlineMs: 30_000 },
    );
    socket.close();
  }

  test('closed, it takes all with it that was begun in it', async () => {
    const { terminal, socket } = await stubborn();
    await terminal.close();
    for (const sleeper of SLEEPERS) await untilEnded(container, `sleep ${sleeper}`);
    expect((await running(container)).length).toBeGreaterThan(0);
    socket.close();
  });

  test('it ends with its socket, and others go on', async () => {
    const bystander = await system().services.socket();
    const other = await TestTerminal.open(bystander, bot, { command: 'read -r x; echo "still $x"' });
    const { socket } = await stubborn();
    socket.close();
    for (const sleeper of SLEEPERS) await untilEnded(container, `sleep ${sleeper}`);
    await other.type('here\r');
    expect(await other.exit()).toBe(0);
    expect(other.shown()).toContain('still here');
    bystander.close();
  });

  test('the shell is hung up first, so that it can put away what it has', async () => {
    const socket = await system().services.socket();
    const terminal = await TestTerminal.open(socket, bot, {
      command: 'rm -f /data/hung; trap "echo hung up > /data/hung; exit" HUP; echo ready; while :; do sleep 7200; done',
    });
    await terminal.until('ready');
    await terminal.close();
    await untilEnded(container, 'sleep 7200');
    const after = await TestTerminal.open(socket, bot, { command: 'cat /data/hung' });
    expect(await after.exit()).toBe(0);
    expect(after.shown()).toBe('hung up\r\n');
    socket.close();
  });

  test('a shell that ends by itself leaves behind what goes on', async () => {
    const socket = await system().services.socket();
    const terminal = await TestTerminal.open(socket, bot, {
      command: `setsid sh -c '>/data/begun; until [ -e /data/enough ]; do sleep 0.1; done' </dev/null >/dev/null 2>&1 &
        until [ -e /data/begun ]; do sleep 0.1; done; exit 5`,
    });
    expect(await terminal.exit()).toBe(5);
    await untilRunning(container, 'until [ -e /data/enough ]');
    const enough = await TestTerminal.open(socket, bot, { command: 'touch /data/enough' });
    expect(await enough.exit()).toBe(0);
    await untilEnded(container, 'until [ -e /data/enough ]');
    socket.close();
  });

  test('it ends when its key is revoked', async () => {
    const key = await makeKey(system().http, ['workspace:exec']);
    const { socket } = await stubborn(key.secret);
    expect((await system().http.delete(`/v1/api-keys/${key.id}`)).status).toBe(204);
    for (const sleeper of SLEEPERS) await untilEnded(container, `sleep ${sleeper}`);
    socket.close();
  });

  test('the worker killed: its client is told, and the next worker ends what ran', async () => {
    const { worker } = system().services;
    const { terminal, socket } = await stubborn();
    await worker.kill('SIGKILL');
    expect(await terminal.end()).toMatchObject({ exitCode: null, reason: 'connection_lost' });
    const refused = await system().services.socket();
    expect(await refused.ask('terminal.open', { botId: bot.id, cols: 80, rows: 24 })).toMatchObject({
      ok: false,
      error: { code: 'node_unavailable' },
    });
    refused.close();
    await restarted();
    for (const sleeper of SLEEPERS) await untilEnded(container, `sleep ${sleeper}`);
    socket.close();
  });

  test('the worker stopped in order ends them itself', async () => {
    const { worker } = system().services;
    const { terminal, socket } = await stubborn();
    await worker.kill('SIGTERM');
    expect(await terminal.exit()).toBeNull();
    for (const sleeper of SLEEPERS) await untilEnded(container, `sleep ${sleeper}`);
    await restarted();
    socket.close();
  });

  test('the API killed: what ran there ends', async () => {
    const { api, ready } = system().services;
    const { socket } = await stubborn();
    await api.kill('SIGKILL');
    for (const sleeper of SLEEPERS) await untilEnded(container, `sleep ${sleeper}`);
    socket.close();
    api.start();
    await ready();
  });

  test('a container that stands still keeps what ran until it goes on', async () => {
    const { socket } = await stubborn();
    await container.pause();
    try {
      socket.close();
      await waitFor(() => /could not be ended yet/.test(system().services.worker.lastLogs(50)), {
        what: 'the worker to try',
      });
      expect((await running(container)).some((line) => line.includes('sleep 7105'))).toBe(true);
    } finally {
      await container.unpause();
    }
    for (const sleeper of SLEEPERS) await untilEnded(container, `sleep ${sleeper}`);
  });

  test('a size that comes while the container stands still is there when it goes on', async () => {
    const socket = await system().services.socket();
    const terminal = await TestTerminal.open(socket, bot);
    await bot.run('pause');
    await terminal.resize(101, 41);
    await terminal.resize(102, 42);
    await terminal.type('stty size\r');
    await bot.run('resume');
    await terminal.until('42 102');
    socket.close();
  });

  test('the container stopped: an exit without a code', async () => {
    await waitFor(async () => (await bot.get()).status === 'running', { what: 'the container to run' });
    const { terminal, socket } = await stubborn();
    await bot.run('stop', { timeoutSeconds: 0 });
    expect(await terminal.end()).toMatchObject({ exitCode: null, reason: 'container_ended' });
    socket.close();
    await bot.run('start');
  });
}
