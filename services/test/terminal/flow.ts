import { waitFor, type ServiceProcess, type SocketClient } from '#testing';
import { beforeAll, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { TestBot } from '../support/bot.js';
import { execIn } from '../support/engine.js';
import { idOf, type System } from '../support/system.js';
import { containerOf, TestTerminal, untilEnded } from './client.js';

const LINES = 4_000_000;
const MiB = 1024 * 1024;

/** The client's own reading from the network, which it can leave off. */
function network(client: SocketClient): { pause(): void; resume(): void } {
  const { transport } = client.socket.io.engine as unknown as {
    transport: { ws: { pause(): void; resume(): void } };
  };
  return transport.ws;
}

function residentBytes(service: ServiceProcess): number {
  const status = readFileSync(`/proc/${service.pid ?? 'none'}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** Output that comes faster than it is read. */
export function flow(system: () => System): void {
  let bot: TestBot;
  beforeAll(async () => {
    bot = system().bot('flow');
    await bot.run('create', { start: true });
  });

  /** Of all that a program has written so far. Bytes. */
  async function written(program: string): Promise<number> {
    const line = `cat /proc/$(pidof ${program} | cut -d' ' -f1)/io`;
    const { output } = await execIn(system().docker, idOf(await bot.get()), line);
    const count = /wchar: (\d+)/.exec(output)?.[1];
    if (count === undefined) throw new Error(`${program} does not run: ${output}`);
    return Number(count);
  }

  /** What it has written when it writes no more, though it could. */
  async function standstill(program: string): Promise<number> {
    let [before, equal] = [-1, 0];
    return waitFor(
      async () => {
        const now = await written(program);
        equal = now === before ? equal + 1 : 0;
        before = now;
        if (equal < 8) throw new Error(`it has written ${now} bytes`);
        return now;
      },
      { what: `${program} to stand still`, deadlineMs: 60_000, everyMs: 100 },
    );
  }

  test('a client that does not read holds the program up, not the memory of the services', async () => {
    const { services } = system();
    const client = await services.socket();
    const processes = [services.api, services.worker];
    const before = processes.map(residentBytes);
    const terminal = await TestTerminal.open(client, bot, { command: ['yes', 'x'.repeat(100)] });
    await terminal.until('xxx');
    network(client).pause();
    await standstill('yes');
    for (const [i, process] of processes.entries()) {
      expect(residentBytes(process) - (before[i] ?? 0)).toBeLessThan(80 * MiB);
    }
    // Who only listens to events on another socket, or uses another terminal, is not held up.
    const other = await services.socket();
    const free = await TestTerminal.open(other, bot, { command: 'seq 1 1000' });
    expect(await free.exit()).toBe(0);
    other.close();

    const held = await written('yes');
    network(client).resume();
    await waitFor(async () => (await written('yes')) > held, { what: 'the program to go on' });
    await terminal.type('\x03');
    expect(await terminal.exit()).toBe(130);
    client.close();
  });

  test('nothing is lost of what waited', async () => {
    const client = await system().services.socket();
    const terminal = await TestTerminal.open(client, bot, { command: ['seq', '1', String(LINES)] });
    await terminal.until('1\r\n2\r\n');
    network(client).pause();
    await standstill('seq');
    network(client).resume();
    expect(await terminal.exit()).toBe(0);
    const lines = terminal.shown().split('\r\n');
    expect(lines).toHaveLength(LINES + 1);
    expect(lines.findIndex((line, i) => line !== String(i + 1))).toBe(LINES);
    client.close();
  });

  test('a socket that closes unread lets go of the program', async () => {
    const client = await system().services.socket();
    const terminal = await TestTerminal.open(client, bot, { command: ['yes', 'unread'] });
    await terminal.until('unread');
    network(client).pause();
    await standstill('yes');
    const socket = network(client);
    client.close();
    await untilEnded(await containerOf(bot), 'yes unread');
    // What is paused does not end.
    socket.resume();
  });
}
