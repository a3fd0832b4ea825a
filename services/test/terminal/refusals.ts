import { MAX_TERMINALS } from '#contracts';
import { waitFor, type SocketClient } from '#testing';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestBot } from '../support/bot.js';
import type { System } from '../support/system.js';
import { allBut, makeKey, makeTenant } from '../support/tenants.js';
import { containerOf, running, TestTerminal } from './client.js';

const SIZE = { cols: 80, rows: 24 };

/** What is refused, and that nothing is begun by it. */
export function refusals(system: () => System): void {
  let bot: TestBot;
  let client: SocketClient;
  beforeAll(async () => {
    bot = system().bot('refusing');
    await bot.run('create', { start: true });
    client = await system().services.socket();
  });
  afterAll(() => client.close());
  const refused = (code: string): object => ({ ok: false, error: { code, detail: expect.any(String) } });

  test('messages that make no sense', async () => {
    const terminal = await TestTerminal.open(client, bot);
    const open = { botId: bot.id, ...SIZE };
    const at = { terminalId: terminal.id };
    const bad: [string, unknown][] = [
      ...[undefined, null, 'x', [], {}, { botId: bot.id }, { ...open, cols: 0 }, { ...open, rows: 1001 }].map(
        (message): [string, unknown] => ['terminal.open', message],
      ),
      ['terminal.open', { ...open, cols: 80.5 }],
      ['terminal.open', { ...open, botId: '../x' }],
      ['terminal.open', { ...open, command: '' }],
      ['terminal.open', { ...open, command: [] }],
      ['terminal.open', { ...open, command: ['a\0b'] }],
      ['terminal.open', { ...open, extra: 1 }],
      ['terminal.input', { ...at, data: 7 }],
      ['terminal.input', { ...at, data: 'x'.repeat(8193) }],
      ['terminal.input', at],
      ['terminal.resize', { ...at, cols: 80 }],
      ['terminal.resize', { ...at, ...SIZE, cols: -1 }],
      ['terminal.close', {}],
    ];
    for (const [name, message] of bad) expect(await client.ask(name, message)).toEqual(refused('validation_failed'));
    for (const terminalId of ['', 'nonsense', '5b0f4a0e-3f0f-4b6e-9d53-8f2f0f0c7a11']) {
      expect(await client.ask('terminal.close', { terminalId })).toEqual(refused('terminal_not_found'));
    }
    // And the one that was there is none the worse for it.
    await terminal.type('echo fine; exit\r');
    expect(await terminal.exit()).toBe(0);
  });

  test('without the scope, or without an acknowledgement that tells of it', async () => {
    const { secret } = await makeKey(system().http, allBut('workspace:exec'));
    const narrow = await system().services.socket(secret);
    expect(await narrow.ask('terminal.open', { botId: bot.id, ...SIZE })).toEqual(refused('forbidden'));
    narrow.socket.emit('terminal.open', { botId: bot.id, ...SIZE });
    narrow.socket.emit('terminal.open', 'nonsense', 'no function');
    expect(await narrow.ask('terminal.close', { terminalId: 'x' })).toEqual(refused('terminal_not_found'));
    expect(narrow.received).toEqual([]);
    narrow.close();
  });

  test('another tenant’s bot is none', async () => {
    const tenant = await makeTenant(system());
    const stranger = await system().services.socket(tenant.key);
    const foreign = await stranger.ask('terminal.open', { botId: bot.id, ...SIZE });
    expect(foreign).toEqual(refused('bot_not_found'));
    const absent = await stranger.ask('terminal.open', { botId: 'nobody-at-all', ...SIZE });
    expect(JSON.stringify(foreign).replace(bot.id, 'nobody-at-all')).toBe(JSON.stringify(absent));

    const terminal = await TestTerminal.open(client, bot, { command: 'read -r x; echo "got $x"' });
    expect(await stranger.ask('terminal.input', { terminalId: terminal.id, data: 'bad\r' })).toEqual(
      refused('terminal_not_found'),
    );
    await terminal.type('good\r');
    expect(await terminal.exit()).toBe(0);
    expect(terminal.shown()).toBe('good\r\ngot good\r\n');
    stranger.close();
  });

  test('more than a socket may have', async () => {
    const many = await system().services.socket();
    const opened = await Promise.all(
      Array.from({ length: MAX_TERMINALS + 3 }, () =>
        many.ask('terminal.open', { botId: bot.id, ...SIZE, command: ['sleep', '7400'] }),
      ),
    );
    expect(opened.filter(({ ok }) => ok)).toHaveLength(MAX_TERMINALS);
    for (const ack of opened.filter(({ ok }) => !ok)) expect(ack).toEqual(refused('quota_exceeded'));
    // The engine tells of a program before that has begun.
    const sleeping = async (): Promise<number> =>
      (await running(await containerOf(bot))).filter((line) => line.includes('sleep 7400')).length;
    await waitFor(async () => (await sleeping()) >= MAX_TERMINALS, { what: 'all of them to begin' });
    expect(await sleeping()).toBe(MAX_TERMINALS);
    many.close();
  });

  test('more input than the program reads', async () => {
    const terminal = await TestTerminal.open(client, bot, { command: 'stty raw -echo; echo ready; sleep 7500' });
    await terminal.until('ready');
    const ask = (): Promise<Record<string, unknown>> =>
      client.ask('terminal.input', { terminalId: terminal.id, data: 'x'.repeat(8192) });
    let last = await ask();
    for (let sent = 0; last['ok'] === true && sent < 1000; sent += 1) last = await ask();
    expect(last).toEqual(refused('quota_exceeded'));
    // A new size does not wait behind it, nor does the end.
    await terminal.resize(90, 30);
    await terminal.close();
  });

  test('a container that does not run, or is not there', async () => {
    const idle = system().bot('idle');
    expect(await client.ask('terminal.open', { botId: idle.id, ...SIZE })).toEqual(refused('bot_not_found'));
    await idle.run('create');
    expect(await client.ask('terminal.open', { botId: idle.id, ...SIZE })).toEqual(refused('container_not_running'));
    await idle.run('delete');
    expect(await client.ask('terminal.open', { botId: idle.id, ...SIZE })).toEqual(refused('container_not_found'));
  });
}
