import type { SocketClient } from '#testing';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestBot } from '../support/bot.js';
import { execIn } from '../support/engine.js';
import { idOf, type System } from '../support/system.js';
import { TestTerminal } from './client.js';

/** What a terminal is good for. */
export function use(system: () => System): void {
  let bot: TestBot;
  let client: SocketClient;
  beforeAll(async () => {
    bot = system().bot('terminal');
    await bot.run('create', { start: true, env: { GREETING: 'hello there' } });
    client = await system().services.socket();
  });
  afterAll(() => client.close());
  const open = (options?: Parameters<typeof TestTerminal.open>[2]): Promise<TestTerminal> =>
    TestTerminal.open(client, bot, options);
  const inside = async (line: string): Promise<string> =>
    (await execIn(system().docker, idOf(await bot.get()), line)).output;

  test('is a login shell in /data, that runs what is typed and ends with its code', async () => {
    const terminal = await open();
    await terminal.type('echo "[$0|$PWD|$TERM|$GREETING]"\r');
    const shown = await terminal.until('|/data|xterm-256color|hello there]');
    expect(shown).toContain('[sh|');
    await terminal.type('tty; exit 7\r');
    await terminal.until('/dev/pts/');
    expect(await terminal.exit()).toBe(7);
    const late = await client.ask('terminal.input', { terminalId: terminal.id, data: 'x' });
    expect(late).toMatchObject({ ok: false, error: { code: 'terminal_not_found' } });
  });

  test.each<[string | string[], number, string]>([
    ['echo line; exit 3', 3, 'line\r\n'],
    [['printf', '%s|', 'a b', '', '$x'], 0, 'a b||$x|'],
    ['kill -9 $$', 137, ''],
    ['true', 0, ''],
    ['test -t 0 && test -t 1 && test -t 2 && echo all', 0, 'all\r\n'],
  ])('runs a command: %#', async (command, exitCode, shown) => {
    const terminal = await open({ command });
    expect(await terminal.exit()).toBe(exitCode);
    expect(terminal.shown()).toBe(shown);
  });

  test('tells what cannot be run', async () => {
    const missing = await open({ command: ['there-is-no-such-program'] });
    expect(await missing.exit()).toBe(127);
    expect(missing.shown()).toContain('not found');
    const noProgram = await open({ command: ['/data'] });
    expect(await noProgram.exit()).toBe(126);
  });

  test('has its size from the beginning, and is told of a new one', async () => {
    const sized = await open({ command: 'stty size', cols: 132, rows: 50 });
    expect(await sized.exit()).toBe(0);
    expect(sized.shown()).toBe('50 132\r\n');

    const told = await open({ command: 'trap "stty size; exit 4" WINCH; echo ready; while :; do read -r x; done' });
    await told.until('ready');
    await told.resize(101, 31);
    expect(await told.exit()).toBe(4);
    expect(told.shown()).toContain('31 101');
  });

  test('what is typed after a new size finds it, and of many at once the last one stays', async () => {
    const terminal = await open({ command: 'stty -echo; echo ready; while read -r line; do eval "$line"; done' });
    await terminal.until('ready');
    for (let i = 1; i <= 20; i += 1) {
      // As a browser does, which waits for no answer.
      await Promise.all([terminal.resize(100 + i, 30 + i), terminal.type('stty size\n')]);
      await terminal.until(new RegExp(`\\n${30 + i} ${100 + i}\r\n`));
    }
    await Promise.all([...Array(20).keys()].map((i) => terminal.resize(200 + i, 60 + i)));
    await terminal.type('stty size; exit 0\n');
    expect(await terminal.exit()).toBe(0);
    expect(terminal.shown()).toMatch(/\n79 219\r\n$/);
  });

  test('keeps characters whole, both ways, however their bytes are cut', async () => {
    const writer = await open({
      command:
        "stty -echo; printf '\\342\\202'; read -r x; printf '\\254 \\360\\237'; read -r x; printf '\\230\\200\\n'",
    });
    await writer.type('\r');
    await writer.until('€ ');
    await writer.type('\r');
    expect(await writer.exit()).toBe(0);
    expect(writer.shown().replace(/^\r\n/, '')).toBe('€ 😀\r\n');

    const reader = await open({ command: 'read -r line; printf %s "$line" > /data/typed' });
    await reader.type('grüße, 世界 😀\r');
    expect(await reader.exit()).toBe(0);
    expect(await inside('cat /data/typed')).toBe('grüße, 世界 😀');
  });

  test('passes every byte of a large paste on, and every key at once', async () => {
    const paste = await open({ command: 'stty -echo -icanon; echo ready; head -c 100000 | md5sum; stty sane' });
    await paste.until('ready');
    const text = Array.from({ length: 100_000 }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');
    for (let from = 0; from < text.length; from += 8192) await paste.type(text.slice(from, from + 8192));
    expect(await paste.exit()).toBe(0);
    const sum = await inside(
      `i=0; while [ $i -lt 4000 ]; do printf abcdefghijklmnopqrstuvwxyz; i=$((i+1)); done | head -c 100000 | md5sum`,
    );
    expect(paste.shown()).toContain(sum.trim());

    // The engine would keep ctrl-p for itself, and let go at ctrl-p ctrl-q.
    const keys = await open({ command: 'stty raw -echo; echo ready; head -c 4 | od -An -tx1' });
    await keys.until('ready');
    for (const key of ['\x10', '\x11', '\0', '\x1b']) await keys.type(key);
    expect(await keys.exit()).toBe(0);
    expect(keys.shown()).toMatch(/10 11 00 1b/);
  });

  test('interrupts what runs with ctrl-c', async () => {
    const terminal = await open({ command: 'echo ready; sleep 3600' });
    await terminal.until('ready');
    await terminal.type('\x03');
    expect(await terminal.exit()).toBe(130);
  });

  test('shows vi, which sees a new size and writes a file', async () => {
    const terminal = await open({ command: ['vi', '/data/note'], cols: 60, rows: 12 });
    // It writes into the last line of the screen, which moves.
    await terminal.until('\x1b[12;1H');
    await terminal.resize(90, 40);
    await terminal.type('\x0c');
    await terminal.until('\x1b[40;1H');
    await terminal.type('ihello from vi\x1b');
    await terminal.until('hello from vi');
    await terminal.type(':wq\r');
    expect(await terminal.exit()).toBe(0);
    expect(await inside('cat /data/note')).toBe('hello from vi\n');
  });

  test('one socket has several, and another its own', async () => {
    const other = await system().services.socket();
    const all = await Promise.all([
      open({ command: 'read -r x; echo "one $x"' }),
      open({ command: 'read -r x; echo "two $x"' }),
      TestTerminal.open(other, bot, { command: 'read -r x; echo "three $x"' }),
    ]);
    expect(new Set(all.map(({ id }) => id)).size).toBe(3);
    for (const [i, terminal] of all.entries()) await terminal.type(`for ${i}\r`);
    expect(await Promise.all(all.map((terminal) => terminal.exit()))).toEqual([0, 0, 0]);
    for (const [i, name] of ['one', 'two', 'three'].entries()) {
      expect(all[i]?.shown()).toBe(`for ${i}\r\n${name} for ${i}\r\n`);
    }
    const foreign = all[0]?.id;
    expect(await other.ask('terminal.close', { terminalId: foreign })).toMatchObject({
      error: { code: 'terminal_not_found' },
    });
    expect(other.received.some(({ data }) => data['terminalId'] === foreign)).toBe(false);
    other.close();
  });
}
