import {
  subscribeMessage,
  unsubscribeMessage,
  type ClientMessage,
  type ServerMessage,
  type SubscribeAck,
  type TerminalAck,
} from '#contracts';
import { parseCursor } from '#persistence';
import type { Log, Metrics } from '#platform';
import type { Server as HttpServer } from 'node:http';
import { Server, type Socket } from 'socket.io';
import type { Authenticator } from '../access/authenticator.js';
import type { Caller } from '../access/caller.js';
import type { AgentClient } from '../agent-client.js';
import { ApiError, toApiError } from '../http/problem.js';
import type { Connections } from './connections.js';
import type { FeedParts, Sink } from './feed.js';
import { Subscriptions } from './subscriptions.js';
import { Terminals } from './terminals.js';

/** Packets that a socket has not taken yet; beyond this it is too slow to be kept up to date. */
const QUEUED_LIMIT = 2_000;

export interface SocketParts extends FeedParts {
  authenticator: Authenticator;
  connections: Connections;
  agents: AgentClient;
  metrics: Metrics;
  log: Log;
}

type SubscriptionMessage = 'subscribe' | 'unsubscribe';
type Takes<Name extends ClientMessage> = Record<Name, (message: unknown, answer: Ack) => Promise<void> | void>;
type Ack = (answer: SubscribeAck | TerminalAck) => void;

/** The socket.io server: authenticates at the handshake, then serves subscriptions. */
export function serveSockets(http: HttpServer, parts: SocketParts): Server {
  const server = new Server(http, {
    serveClient: false,
    maxHttpBufferSize: 64 * 1024,
    pingInterval: 25_000,
    pingTimeout: 20_000,
    connectTimeout: 10_000,
    perMessageDeflate: false,
  });
  server.use((socket, next) => {
    handshake(parts, socket).then(
      () => next(),
      (error: unknown) => {
        const known = toApiError(error);
        if (!known) parts.log.error({ err: error }, 'a handshake failed');
        next(
          Object.assign(new Error(known?.code ?? 'internal_error'), {
            data: { code: known?.code ?? 'internal_error' },
          }),
        );
      },
    );
  });
  server.on('connection', (socket) => new Session(parts, socket, (socket.data as { caller: Caller }).caller));
  return server;
}

async function handshake({ authenticator }: SocketParts, socket: Socket): Promise<void> {
  const { token } = socket.handshake.auth as { token?: unknown };
  const caller = typeof token === 'string' ? await authenticator.authenticate(token) : null;
  if (!caller) throw new ApiError('unauthenticated', 'Send an API key that is alive as `auth.token`.');
  (socket.data as { caller: Caller }).caller = caller;
}

/**
 * One client's socket, its subscriptions and its terminals. Messages about subscriptions are taken one after another,
 * so that they keep their order; those of a terminal follow its opening, for which nothing else must wait.
 */
class Session {
  readonly #subscriptions: Subscriptions;
  readonly #terminals: Terminals;
  #queue: Promise<void> = Promise.resolve();

  constructor(
    private readonly parts: SocketParts,
    private readonly socket: Socket,
    private readonly caller: Caller,
  ) {
    this.#subscriptions = new Subscriptions(parts, caller.tenant.id, this.#sink());
    this.#terminals = new Terminals(parts, socket, caller);
    const forget = parts.connections.add(caller.keyId, (why) => {
      if (why === 'revoked') socket.disconnect(true);
      else letGo(socket);
    });
    parts.metrics.wsConnections.inc();
    const subscriptions: Takes<SubscriptionMessage> = {
      subscribe: (message, answer) => this.#subscribe(message, answer),
      unsubscribe: (message, answer) => this.#unsubscribe(message, answer),
    };
    for (const [name, take] of Object.entries(subscriptions)) {
      socket.on(name, (...given: unknown[]) => {
        const { message, ack } = packetOf(given);
        this.#enqueue(ack, (answer) => take(message, answer));
      });
    }
    const terminals: Takes<Exclude<ClientMessage, SubscriptionMessage>> = {
      'terminal.open': (message, answer) => this.#terminals.open(message, answer),
      'terminal.input': (message, answer) => this.#terminals.input(message, answer),
      'terminal.resize': (message, answer) => this.#terminals.resize(message, answer),
      'terminal.close': (message, answer) => this.#terminals.close(message, answer),
    };
    for (const [name, take] of Object.entries(terminals)) {
      socket.on(name, (...given: unknown[]) => {
        const { message, ack } = packetOf(given);
        void this.#take(ack, (answer) => take(message, answer));
      });
    }
    socket.on('disconnect', () => {
      forget();
      parts.metrics.wsConnections.dec();
      this.#subscriptions.close();
      this.#terminals.closeAll();
    });
  }

  #enqueue(ack: unknown, run: (answer: Ack) => Promise<void> | void): void {
    const answer = answerOf(ack);
    this.#queue = this.#queue
      .then(() => run(answer))
      .catch((error: unknown) => this.#refuseSubscription(error, answer));
  }

  async #take(ack: unknown, run: (answer: Ack) => Promise<void> | void): Promise<void> {
    const answer = answerOf(ack);
    try {
      await run(answer);
    } catch (error) {
      this.#refuse(error, answer);
    }
  }

  async #subscribe(message: unknown, answer: Ack): Promise<void> {
    const wanted = subscribeMessage.parse(message);
    if (!this.caller.scopes.has('containers:read'))
      return refuse(answer, 'forbidden', 'The key lacks the scope containers:read.');
    if (!('all' in wanted)) {
      return this.#subscriptions.addBot(wanted.botId, wanted.after, (at) => answer({ ok: true, ...at }));
    }
    const cursor = wanted.cursor === undefined ? undefined : parseCursor(wanted.cursor);
    return this.#subscriptions.addAll(cursor, (at) => answer({ ok: true, ...at }));
  }

  #unsubscribe(message: unknown, answer: Ack): void {
    const unwanted = unsubscribeMessage.parse(message);
    if ('all' in unwanted) this.#subscriptions.removeAll();
    else this.#subscriptions.removeBot(unwanted.botId);
    answer({ ok: true });
  }

  #sink(): Sink {
    const { socket } = this;
    const send = (name: ServerMessage, message: unknown): void => {
      const connection = socket.conn as unknown as { writeBuffer?: unknown[] };
      if ((connection.writeBuffer?.length ?? 0) > QUEUED_LIMIT) letGo(socket, true);
      else socket.emit(name, message);
    };
    return {
      event: (event) => send('event', event),
      progress: (progress) => void socket.volatile.emit('progress' satisfies ServerMessage, progress),
      reset: (botId, container) => send('reset', { botId, container }),
      overflow: () => letGo(socket, true),
    };
  }

  #refuseSubscription(error: unknown, answer: Ack): void {
    const known = this.#refuse(error, answer);
    // After the answer was given nothing but a new connection can make good what is missing.
    if (!known || known.code === 'unavailable') letGo(this.socket);
  }

  #refuse(error: unknown, answer: Ack): ApiError | null {
    const known = toApiError(error);
    if (!known) this.parts.log.error({ err: error }, 'a message could not be served');
    refuse(answer, known?.code ?? 'internal_error', known?.detail ?? 'Something went wrong here.');
    return known;
  }
}

/** What a client emitted. One that sent nothing but waits for an answer is answered, too. */
function packetOf(given: unknown[]): { message: unknown; ack: unknown } {
  const [message, ack] = typeof given[0] === 'function' ? [undefined, given[0]] : given;
  return { message, ack };
}

const answerOf = (ack: unknown): Ack => (typeof ack === 'function' ? (ack as Ack) : () => undefined);

/**
 * Ends the connection the way a network would: clients of socket.io connect again by themselves then, and do not
 * where a server has told them to go. `discard`: what is still to be sent will never be taken.
 */
function letGo(socket: Socket, discard = false): void {
  socket.conn.close(discard);
}

function refuse(answer: Ack, code: string, detail: string): void {
  answer({ ok: false, error: { code, detail } });
}
