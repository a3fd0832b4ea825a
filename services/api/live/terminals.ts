import {
  MAX_TERMINALS,
  TERMINAL_PROTOCOL,
  terminalCloseMessage,
  terminalInputMessage,
  terminalOpenMessage,
  terminalResizeMessage,
  type ServerMessage,
  type TerminalAck,
} from '#contracts';
import type { BotStore } from '#persistence';
import type { Log } from '#platform';
import { randomUUID } from 'node:crypto';
import type { Socket } from 'socket.io';
import type { Caller } from '../access/caller.js';
import type { AgentClient } from '../agent-client.js';
import { ApiError } from '../http/problem.js';
import { locate, type Located } from '../workspace/containers.js';
import { Terminal, type TerminalSink } from './terminal.js';

interface TerminalsParts {
  agents: Pick<AgentClient, 'connect' | 'refusal'>;
  bots: Pick<BotStore, 'locate'>;
  log: Log;
}

type Answer = (ack: TerminalAck) => void;

/** What of a socket is seen here: how much it has still to send, and when it has sent some. */
type Connection = Pick<Socket['conn'], 'on' | 'off'> & { writeBuffer: unknown[] };

/**
 * The terminals of one socket. They end with it. Output goes no faster than the socket takes it: while a message waits
 * for the transport, nothing is read of the terminals that have something to say, and each of them waits for that with
 * no more than it has read at once.
 */
export class Terminals {
  readonly #open = new Map<string, Terminal>();
  readonly #full = new Set<Terminal>();
  readonly #left = new AbortController();
  readonly #connection: Connection;
  #opening = 0;

  constructor(
    private readonly parts: TerminalsParts,
    private readonly socket: Pick<Socket, 'conn' | 'emit'>,
    private readonly caller: Caller,
  ) {
    this.#connection = socket.conn as unknown as Connection;
    this.#connection.on('drain', this.#drained);
  }

  /** Answers when it is open, before any of its output. Throws ApiError, Refusal. */
  async open(message: unknown, answer: Answer): Promise<void> {
    const wanted = terminalOpenMessage.parse(message);
    if (!this.caller.scopes.has('workspace:exec')) {
      throw new ApiError('forbidden', 'The key lacks the scope workspace:exec.');
    }
    if (this.#open.size + this.#opening >= MAX_TERMINALS) {
      throw new ApiError('quota_exceeded', `A socket has at most ${MAX_TERMINALS} terminals: close one.`);
    }
    this.#opening += 1;
    try {
      const bot = await locate(this.parts.bots, this.caller.tenant.id, wanted.botId);
      const { signal } = this.#left;
      const connection = await this.parts.agents.connect(bot, 'terminal', TERMINAL_PROTOCOL, signal);
      await new Promise<void>((resolve, reject) => {
        const id = randomUUID();
        const close = (): void => {
          terminal.close();
          reject(new ApiError('unavailable', 'The socket has closed.'));
        };
        const settled = (): void => signal.removeEventListener('abort', close);
        const sink = this.#sink(id, bot, {
          opened: () => {
            settled();
            this.#open.set(id, terminal);
            answer({ ok: true, terminalId: id });
            resolve();
          },
          refused: (error) => {
            settled();
            reject(error);
          },
        });
        const terminal = new Terminal(connection, wanted, sink);
        signal.addEventListener('abort', close, { once: true });
        if (signal.aborted) close();
      });
    } finally {
      this.#opening -= 1;
    }
  }

  input(message: unknown, answer: Answer): void {
    const { terminalId, data } = terminalInputMessage.parse(message);
    if (!this.#find(terminalId).input(data)) {
      throw new ApiError('quota_exceeded', 'The program does not read its input: this was not taken.');
    }
    answer({ ok: true });
  }

  resize(message: unknown, answer: Answer): void {
    const { terminalId, ...size } = terminalResizeMessage.parse(message);
    this.#find(terminalId).resize(size);
    answer({ ok: true });
  }

  close(message: unknown, answer: Answer): void {
    const { terminalId } = terminalCloseMessage.parse(message);
    this.#find(terminalId).close();
    this.#forget(terminalId);
    answer({ ok: true });
  }

  /** The socket has closed. */
  closeAll(): void {
    this.#connection.off('drain', this.#drained);
    this.#left.abort();
    for (const [id, terminal] of this.#open) {
      terminal.close();
      this.#forget(id);
    }
  }

  #sink(
    id: string,
    bot: Located,
    { opened, refused }: { opened: () => void; refused: (error: Error) => void },
  ): TerminalSink {
    const send = (name: ServerMessage, message: object): void => void this.socket.emit(name, message);
    return {
      opened,
      refused: (problem) => refused(this.parts.agents.refusal(problem ?? {}, bot.nodeId)),
      output: (data) => send('terminal.output', { terminalId: id, data }),
      exit: (exitCode, reason) => {
        this.#forget(id);
        send('terminal.exit', { terminalId: id, exitCode, reason });
      },
      hasRoom: () => {
        const terminal = this.#open.get(id);
        if (this.#hasRoom() || !terminal) return true;
        this.#full.add(terminal);
        return false;
      },
      fault: (error) => this.parts.log.error({ err: error, node: bot.nodeId }, 'a terminal’s connection is broken'),
    };
  }

  #find(id: string): Terminal {
    const terminal = this.#open.get(id);
    if (!terminal) throw new ApiError('terminal_not_found', `This socket has no terminal "${id}".`);
    return terminal;
  }

  #forget(id: string): void {
    const terminal = this.#open.get(id);
    if (terminal) this.#full.delete(terminal);
    this.#open.delete(id);
  }

  #hasRoom(): boolean {
    return this.#connection.writeBuffer.length === 0;
  }

  /** The transport has taken what waited for it: each that was held up may send once more. */
  readonly #drained = (): void => {
    if (!this.#hasRoom()) return;
    const held = [...this.#full];
    this.#full.clear();
    for (const terminal of held) terminal.resume();
  };
}
