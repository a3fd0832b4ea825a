import { terminalExitSchema, terminalOutputSchema } from '#contracts';
import { waitFor, type SocketClient } from '#testing';
import { expect } from '@jest/globals';
import type { z } from 'zod';
import type { TestBot } from '../support/bot.js';
import { exactly } from '../support/exact.js';
import { idOf } from '../support/system.js';

export interface OpenOptions {
  command?: string | string[];
  cols?: number;
  rows?: number;
}

/** A terminal as a browser has it, but for the escape sequences: those stay in what it shows. */
export class TestTerminal {
  private constructor(
    private readonly client: SocketClient,
    readonly id: string,
  ) {}

  static async open(client: SocketClient, bot: { id: string }, options: OpenOptions = {}): Promise<TestTerminal> {
    const ack = await client.ask('terminal.open', { botId: bot.id, cols: 80, rows: 24, ...options });
    expect(ack).toEqual({ ok: true, terminalId: expect.any(String) });
    return new TestTerminal(client, String(ack['terminalId']));
  }

  /** All that it has shown. */
  shown(): string {
    return this.#messages('terminal.output')
      .map((data) => exactly(terminalOutputSchema, data).data)
      .join('');
  }

  async until(text: string | RegExp): Promise<string> {
    return waitFor(
      () => {
        const shown = this.shown();
        if (typeof text === 'string' ? shown.includes(text) : text.test(shown)) return shown;
        throw new Error(`it shows ${JSON.stringify(shown.slice(-2000))}`);
      },
      { what: `${String(text)} in a terminal`, deadlineMs: 20_000 },
    );
  }

  async type(data: string): Promise<void> {
    expect(await this.client.ask('terminal.input', { terminalId: this.id, data })).toEqual({ ok: true });
  }

  async resize(cols: number, rows: number): Promise<void> {
    expect(await this.client.ask('terminal.resize', { terminalId: this.id, cols, rows })).toEqual({ ok: true });
  }

  async close(): Promise<void> {
    expect(await this.client.ask('terminal.close', { terminalId: this.id })).toEqual({ ok: true });
  }

  /** Its exit code. */
  async exit(): Promise<number | null> {
    return (await this.end()).exitCode;
  }

  /** How it ended, once that was told; after which there is no more output. */
  async end(): Promise<z.output<typeof terminalExitSchema>> {
    const mine = ({ terminalId }: Record<string, unknown>): boolean => terminalId === this.id;
    const told = await this.client.waitForEvent(
      ({ name, data }) => name === 'terminal.exit' && mine(data),
      `the end of a terminal that shows ${JSON.stringify(this.shown().slice(-500))}`,
      30_000,
    );
    const last = this.client.received.findLast(({ data }) => mine(data));
    expect(last).toBe(told);
    return exactly(terminalExitSchema, told.data);
  }

  #messages(name: string): Record<string, unknown>[] {
    return this.client.received
      .filter((message) => message.name === name && message.data['terminalId'] === this.id)
      .map(({ data }) => data);
  }
}

type Container = ReturnType<TestBot['container']>;

/** A bot's container as the engine has it, so that it can be looked at while the API is away. */
export async function containerOf(bot: TestBot): Promise<Container> {
  return bot.container(idOf(await bot.get()));
}

/** The command lines of what runs in it. */
export async function running(container: Container): Promise<string[]> {
  const { Processes } = (await container.top({ ps_args: '-eo pid,args' })) as { Processes: string[][] };
  return Processes.map((columns) => columns.slice(1).join(' '));
}

export async function untilRunning(container: Container, line: string, wanted = true): Promise<void> {
  await waitFor(
    async () => {
      const lines = await running(container);
      if (lines.some((each) => each.includes(line)) === wanted) return true;
      throw new Error(`there run ${JSON.stringify(lines)}`);
    },
    { what: `"${line}" to ${wanted ? 'run' : 'end'}`, deadlineMs: 25_000 },
  );
}

export const untilEnded = (container: Container, line: string): Promise<void> => untilRunning(container, line, false);
