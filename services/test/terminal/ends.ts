import { waitFor } from '#testing';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import type { TestBot } from '../support/bot.js';
import { idOf, type System } from '../support/system.js';
import { makeKey } from '../support/tenants.js';
import { running, TestTerminal, untilEnded, untilRunning } from './client.js';

/** Begun in a terminal in every way that might outlive it. */
const STUBBORN = `nohup sleep 7101 & setsid sleep 7102 & (trap '' HUP TERM INT; sleep 7103) & (sleep 7104 &) ; sleep 7105`;
const SLEEPERS = [7101, 7102, 7103, 7104, 7105];

/** When and how a terminal ends, and that nothing of it stays. */
export function ends(system: () => System): void {
  let bot: TestBot;
  beforeAll(async () => {
    bot = system().bot('ends');
    await bot.run('create', { start: true });
  });
  afterEach(async () => {
    // Nothing of a terminal is left to the next test.
    await waitFor(async () => !(await running(bot)).some((line) => /sleep 7|\bsh -l/.test(line)), {
      what: 'the end of all that ran in terminals',
      deadlineMs: 25_000,
    });
  });

  async function stubborn(key?: string): Promise<{ terminal: TestTerminal; socket: { close(): void } }> {
    const socket = await system().services.socket(key);
    const terminal = await TestTerminal.open(socket, bot);
    await terminal.type(`${STUBBORN}\r`);
    for (const sleeper of SLEEPERS) await untilRunning(bot, `sleep ${sleeper}`);
    return { terminal, socket };
  }

  test('closed, it takes all with it that was begun in it', async () => {
    const { terminal, socket } = await stubborn();
    await terminal.close();
    for (const sleeper of SLEEPERS) await untilEnded(bot, `sleep ${sleeper}`);
    expect((await running(bot)).length).toBeGreaterThan(0);
    socket.close();
  });

  test('it ends with its socket, and others go on', async () => {
    const bystander = await system().services.socket();
    const other = await TestTerminal.open(bystander, bot, { command: 'read -r x; echo "still $x"' });
    const { socket } = await stubborn();
    socket.close();
    for (const sleeper of SLEEPERS) await untilEnded(bot, `sleep ${sleeper}`);
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
    await untilEnded(bot, 'sleep 7200');
    const after = await TestTerminal.open(socket, bot, { command: 'cat /data/hung' });
    expect(await after.exit()).toBe(0);
    expect(after.shown()).toBe('hung up\r\n');
    socket.close();
  });

  test('a shell that ends by itself leaves behind what goes on', async () => {
    const socket = await system().services.socket();
    const terminal = await TestTerminal.open(socket, bot, {
      command: 'setsid sleep 7300 </dev/null >/dev/null 2>&1 & sleep 0; exit 5',
    });
    expect(await terminal.exit()).toBe(5);
    await untilRunning(bot, 'sleep 7300');
    const killer = await TestTerminal.open(socket, bot, { command: 'pkill -f "sleep 7300"' });
    await killer.exit();
    socket.close();
  });

  test('it ends when its key is revoked', async () => {
    const key = await makeKey(system().http, ['workspace:exec']);
    const { socket } = await stubborn(key.secret);
    expect((await system().http.delete(`/v1/api-keys/${key.id}`)).status).toBe(204);
    for (const sleeper of SLEEPERS) await untilEnded(bot, `sleep ${sleeper}`);
    socket.close();
  });

  test('the worker killed: its client is told, and the next worker ends what ran', async () => {
    const { worker } = system().services;
    const { terminal, socket } = await stubborn();
    await worker.kill('SIGKILL');
    expect(await terminal.exit()).toBeNull();
    const refused = await system().services.socket();
    expect(await refused.ask('terminal.open', { botId: bot.id, cols: 80, rows: 24 })).toMatchObject({
      ok: false,
      error: { code: 'node_unavailable' },
    });
    refused.close();
    worker.start();
    for (const sleeper of SLEEPERS) await untilEnded(bot, `sleep ${sleeper}`);
    socket.close();
  });

  test('the worker stopped in order ends them itself', async () => {
    const { worker } = system().services;
    const { terminal, socket } = await stubborn();
    await worker.kill('SIGTERM');
    expect(await terminal.exit()).toBeNull();
    for (const sleeper of SLEEPERS) await untilEnded(bot, `sleep ${sleeper}`);
    worker.start();
    socket.close();
  });

  test('the API killed: what ran there ends', async () => {
    const { api, ready } = system().services;
    const { socket } = await stubborn();
    await api.kill('SIGKILL');
    for (const sleeper of SLEEPERS) await untilEnded(bot, `sleep ${sleeper}`);
    socket.close();
    api.start();
    await ready();
  });

  test('a container that stands still keeps what ran until it goes on', async () => {
    await system().watcher.client.ask('subscribe', { all: true });
    const { socket } = await stubborn();
    const container = bot.container(idOf(await bot.get()));
    await container.pause();
    try {
      socket.close();
      await waitFor(() => /could not be ended yet/.test(system().services.worker.lastLogs(50)), {
        what: 'the worker to try',
      });
      expect((await running(bot)).some((line) => line.includes('sleep 7105'))).toBe(true);
    } finally {
      await container.unpause();
    }
    for (const sleeper of SLEEPERS) await untilEnded(bot, `sleep ${sleeper}`);
  });

  test('the container stopped: an exit without a code', async () => {
    await waitFor(async () => (await bot.get()).status === 'running', { what: 'the container to run' });
    const { terminal, socket } = await stubborn();
    await bot.run('stop', { timeoutSeconds: 0 });
    expect(await terminal.exit()).toBeNull();
    socket.close();
    await bot.run('start');
  });
}
