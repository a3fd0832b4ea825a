import {
  encodeTerminalFrame,
  INPUT_WINDOW_BYTES,
  TERMINAL_PROTOCOL,
  TerminalFrameReader,
  type TerminalFrame,
} from '#contracts';
import type { Log } from '#platform';
import type { ContainerRuntime, Programs } from '#runtime';
import type { FastifyInstance } from 'fastify';
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import { openTerminal, type Terminal } from '../workspace/terminal.js';
import type { TerminalRuns } from '../workspace/terminal-runs.js';
import type { Gate, Inside } from './gate.js';
import { AgentRefusal, statusOf, toRefusal } from './refusal.js';

/** A connection of which nothing was heard for so long is asked whether it is still there. Milliseconds. */
const KEEP_ALIVE_MS = 30_000;

interface TerminalParts {
  gate: Gate;
  runtime: ContainerRuntime & Programs;
  runs: TerminalRuns;
  log: Log;
}

/** Serves terminals: each on a connection that its request is upgraded to, for as long as that lasts. */
export function serveTerminals(app: FastifyInstance, parts: TerminalParts): void {
  const sessions = new Set<Session>();
  let closing = false;

  const admit = async (request: IncomingMessage, socket: Socket): Promise<Session> => {
    if (request.url !== '/terminal' || request.headers.upgrade !== TERMINAL_PROTOCOL) {
      throw new AgentRefusal('route_not_found', 'There is no such call.');
    }
    const inside = await parts.gate.running(request, 'terminal', socket);
    if (socket.destroyed || closing) throw new AgentRefusal('node_unavailable', 'One of the two sides is leaving.');
    socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ${TERMINAL_PROTOCOL}\r\n\r\n`);
    return new Session(parts, inside, socket);
  };

  app.server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    if (head.length > 0) stream.unshift(head);
    // Told by its end, which follows.
    stream.on('error', () => undefined);
    admit(request, stream as Socket)
      .then(async (session) => {
        sessions.add(session);
        await session.over();
        sessions.delete(session);
      })
      .catch((error: unknown) => {
        const refusal = toRefusal(error);
        if (!refusal) parts.log.error({ err: error }, 'a terminal failed');
        refuse(stream, refusal ?? new AgentRefusal('internal_error', 'failed'));
      });
  });
  // The server waits for all connections, and forgets those that were upgraded.
  app.addHook('preClose', async () => {
    closing = true;
    await Promise.all([...sessions].map((session) => session.end()));
  });
}

function refuse(stream: Duplex, refusal: AgentRefusal): void {
  const body = JSON.stringify({ code: refusal.code, detail: refusal.message });
  const status = statusOf(refusal);
  stream.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** One terminal, from its connection's beginning until nothing of it runs any more. */
class Session {
  readonly #left = new AbortController();
  readonly #frames = new TerminalFrameReader();
  readonly #over: Promise<void>;
  #opening: Promise<void> | null = null;
  #terminal: Terminal | null = null;
  #pendingInput = 0;

  constructor(
    private readonly parts: TerminalParts,
    private readonly inside: Inside,
    private readonly socket: Socket,
  ) {
    this.#over = new Promise<void>((resolve) => {
      socket.once('close', () => {
        this.#left.abort();
        void this.#clear().then(resolve);
      });
    });
    socket.once('end', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      try {
        this.#frames.read(chunk, (frame) => this.#take(frame));
      } catch (error) {
        parts.log.error({ err: error }, 'what came on a terminal’s connection cannot be understood');
        socket.destroy();
      }
    });
  }

  over(): Promise<void> {
    return this.#over;
  }

  async end(): Promise<void> {
    this.socket.destroy();
    await this.#over;
  }

  #take(frame: TerminalFrame): void {
    if (frame.kind === 'open' && !this.#opening) {
      this.#opening = this.#open(frame).catch((error: unknown) => this.#failed(error));
    } else if (frame.kind === 'input' && this.#opening) {
      this.#input(frame.bytes);
    } else if (frame.kind === 'resize' && this.#opening) {
      this.#terminal?.resize(frame);
    } else {
      throw new Error(`A frame "${frame.kind}" has no place here.`);
    }
  }

  async #open({ command, cols, rows }: Extract<TerminalFrame, { kind: 'open' }>): Promise<void> {
    const { gate, runtime, runs } = this.parts;
    const { containerId, env } = this.inside;
    const signal = this.#left.signal;
    const terminal = await gate.enter(this.inside, signal, () =>
      openTerminal(
        { runtime, runs },
        containerId,
        { command, size: { cols, rows }, env },
        (bytes) => encodeTerminalFrame({ kind: 'output', bytes }),
        signal,
      ),
    );
    this.#terminal = terminal;
    if (signal.aborted) return;
    this.#send({ kind: 'opened' });
    terminal.output.pipe(this.socket, { end: false });
    void this.#follow(terminal);
  }

  /** Until the program ends, or the way to it is lost. */
  async #follow(terminal: Terminal): Promise<void> {
    await finished(terminal.output, { writable: false }).catch((error: unknown) => {
      if (!this.#left.signal.aborted) this.parts.log.warn({ err: error }, 'a terminal was lost');
    });
    if (this.#left.signal.aborted) return;
    const lost = terminal.output.errored !== null;
    const exitCode = lost ? null : await terminal.ended();
    // What is lost may still run: it is ended as if its caller had left.
    if (!lost) this.#terminal = null;
    const reason = lost ? 'connection_lost' : 'container_ended';
    this.#send({ kind: 'exit', exitCode, ...(exitCode === null && { reason }) });
    this.socket.end();
  }

  #input(bytes: Buffer): void {
    const terminal = this.#terminal;
    if (!terminal) return;
    this.#pendingInput += bytes.length;
    if (this.#pendingInput > INPUT_WINDOW_BYTES) throw new Error('There is more input than was asked for.');
    terminal.write(bytes, () => {
      this.#pendingInput -= bytes.length;
      this.#send({ kind: 'taken', bytes: bytes.length });
    });
  }

  #failed(error: unknown): void {
    if (this.#left.signal.aborted) return;
    const refusal = toRefusal(error);
    if (!refusal) this.parts.log.error({ err: error }, 'a terminal could not be opened');
    const { code, message } = refusal ?? new AgentRefusal('internal_error', 'failed');
    this.#send({ kind: 'refused', code, detail: message });
    this.socket.end();
  }

  #send(frame: TerminalFrame): void {
    if (this.socket.writable) this.socket.write(encodeTerminalFrame(frame));
  }

  async #clear(): Promise<void> {
    await this.#opening;
    await this.#terminal?.end();
  }
}
