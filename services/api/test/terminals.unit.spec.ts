import { encodeTerminalFrame, MAX_TERMINALS, type Scope, type TerminalAck } from '#contracts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { duplexPair, type Duplex } from 'node:stream';
import { ApiError } from '../http/problem.js';
import { Terminals } from '../live/terminals.js';

const OPEN = { botId: 'alice', cols: 80, rows: 24 };

/** The terminals of a socket whose agent is played by this test. */
class Bed {
  /** The agent's ends, in the order of opening. */
  readonly agents: Duplex[] = [];
  readonly sent: { name: string; message: Record<string, unknown> }[] = [];
  readonly connection = Object.assign(new EventEmitter(), { writeBuffer: [] as unknown[] });
  readonly terminals: Terminals;

  constructor(scopes: Scope[] = ['workspace:exec']) {
    this.terminals = new Terminals(
      {
        agents: {
          connect: async () => {
            const [own, agent] = duplexPair();
            this.agents.push(agent);
            agent.resume();
            return own;
          },
          refusal: ({ detail }) => new ApiError('node_unavailable', detail ?? 'lost'),
        },
        bots: {
          locate: async (_tenant, botId) =>
            botId === 'alice' ? { key: 'k', nodeId: 'n', containerId: 'c', agentUrl: 'http://n' } : null,
        },
        log: { error: (fault: unknown) => this.sent.push({ name: 'fault', message: { fault } }) } as never,
      },
      {
        conn: this.connection as never,
        emit: (name: string, message: Record<string, unknown>) => {
          this.sent.push({ name, message });
          return true;
        },
      },
      { tenant: { id: 't', slug: 't', name: 't' }, keyId: null, name: 'x', scopes: new Set(scopes), isOperator: false },
    );
  }

  /** Opened by the agent at once. */
  async open(): Promise<string> {
    const before = this.agents.length;
    let id = '';
    const opening = this.terminals.open(OPEN, (ack: TerminalAck) => (id = 'terminalId' in ack ? ack.terminalId : ''));
    while (this.agents.length === before) await new Promise(setImmediate);
    this.agents.at(-1)?.write(encodeTerminalFrame({ kind: 'opened' }));
    await opening;
    return id;
  }
}

describe('the terminals of a socket', () => {
  let bed = new Bed();
  afterEach(() => {
    bed.terminals.closeAll();
    bed = new Bed();
  });
  const refused = (code: string): object => ({ code });

  test('are as many as a socket may have, those that open counted', async () => {
    const ids = [];
    for (let i = 0; i < MAX_TERMINALS - 1; i += 1) ids.push(await bed.open());
    expect(new Set(ids).size).toBe(MAX_TERMINALS - 1);
    const last = bed.terminals.open(OPEN, () => undefined);
    await expect(bed.terminals.open(OPEN, () => undefined)).rejects.toMatchObject(refused('quota_exceeded'));
    while (bed.agents.length < MAX_TERMINALS) await new Promise(setImmediate);
    bed.agents.at(-1)?.end();
    await expect(last).rejects.toMatchObject(refused('node_unavailable'));
    // One that was refused, and one that was closed, make room.
    await bed.open();
    bed.terminals.close({ terminalId: ids[0] }, () => undefined);
    await bed.open();
    await expect(bed.terminals.open(OPEN, () => undefined)).rejects.toMatchObject(refused('quota_exceeded'));
  });

  test('need the scope, and a bot of the tenant', async () => {
    await expect(
      new Bed(['workspace:files', 'containers:write']).terminals.open(OPEN, () => undefined),
    ).rejects.toMatchObject(refused('forbidden'));
    const foreign = { ...OPEN, botId: 'bob' };
    await expect(bed.terminals.open(foreign, () => undefined)).rejects.toMatchObject(refused('bot_not_found'));
  });

  test('are known to their own socket alone, until they are closed', async () => {
    const terminalId = await bed.open();
    const other = new Bed();
    const answered: unknown[] = [];
    expect(() => other.terminals.input({ terminalId, data: 'x' }, () => undefined)).toThrow(
      expect.objectContaining(refused('terminal_not_found')),
    );
    bed.terminals.input({ terminalId, data: 'x' }, (ack) => answered.push(ack));
    bed.terminals.resize({ terminalId, cols: 1, rows: 1 }, (ack) => answered.push(ack));
    bed.terminals.close({ terminalId }, (ack) => answered.push(ack));
    expect(answered).toEqual([{ ok: true }, { ok: true }, { ok: true }]);
    expect(() => bed.terminals.close({ terminalId }, () => undefined)).toThrow(
      expect.objectContaining(refused('terminal_not_found')),
    );
    expect(bed.sent).toEqual([]);
  });

  test('say nothing while the socket has something to send, and go on when it has not', async () => {
    const terminalId = await bed.open();
    const agent = bed.agents.at(-1);
    bed.connection.writeBuffer.push('full');
    let written = 0;
    const piece = encodeTerminalFrame({ kind: 'output', bytes: Buffer.alloc(10_000, 'x') });
    while (written < 1000 && agent?.write(piece)) {
      written += 1;
      await new Promise(setImmediate);
    }
    expect(written).toBeLessThan(100);
    const before = bed.sent.length;
    bed.connection.emit('drain');
    await new Promise(setImmediate);
    expect(bed.sent).toHaveLength(before);
    bed.connection.writeBuffer.length = 0;
    bed.connection.emit('drain');
    while (bed.sent.length < written) await new Promise(setImmediate);
    expect(bed.sent.at(-1)).toMatchObject({ name: 'terminal.output', message: { terminalId } });
  });
});
