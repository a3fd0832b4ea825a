import { io, type Socket } from 'socket.io-client';
import { backoffMs } from './backoff.js';
import { BerthConnectionError, BerthError } from './errors.js';

/**
 * `refused`: the key is not good, or no longer; nothing is tried again. `closed`: by this side.
 */
export type Connection = 'connecting' | 'connected' | 'reconnecting' | 'refused' | 'closed';
export type ConnectionListener = (connection: Connection, error: BerthError | null) => void;

/** As the server acknowledges what it is sent. */
type Ack = ({ ok: true } & Record<string, unknown>) | { ok: false; error: { code: string; detail: string } };

const ACK_MS = 30_000;

/**
 * One connection to the socket of Berth, made again for as long as it takes, unless it is refused.
 *
 * @internal
 */
export class Line {
  readonly #socket: Socket;
  readonly #listeners = new Set<ConnectionListener>();
  #connection: Connection = 'connecting';
  #error: BerthError | null = null;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(base: string, token: string) {
    // Beneath a path, the socket is beneath it too.
    const { origin, pathname } = new URL(
      base === '' ? '/' : base,
      (globalThis as unknown as { location?: { href: string } }).location?.href,
    );
    this.#socket = io(origin, {
      path: `${pathname.replace(/\/+$/, '')}/socket.io`,
      auth: { token },
      transports: ['websocket'],
      forceNew: true,
      reconnectionDelay: 200,
      reconnectionDelayMax: 10_000,
    });
    this.#socket.on('connect', () => {
      this.#failures = 0;
      this.#become('connected');
    });
    this.#socket.on('disconnect', (reason) => {
      if (this.#connection === 'closed') return;
      this.#become('reconnecting', new BerthConnectionError(`The socket was closed: ${reason}`));
      // Sent away, as one whose key was revoked is: the handshake tells whether it may come back.
      if (!this.#socket.active) this.#again();
    });
    this.#socket.on('connect_error', (error: Error & { data?: { code?: string } }) => {
      const code = error.data?.code;
      if (code === 'unauthenticated' || code === 'forbidden') return this.#refuse(code);
      this.#become('reconnecting', new BerthConnectionError(`The socket could not be opened: ${error.message}`, error));
      if (!this.#socket.active) this.#again();
    });
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** Told of every change, and soon where it is refused already. Returns how to stop listening. */
  onConnection(listener: ConnectionListener): () => void {
    this.#listeners.add(listener);
    if (this.#connection === 'refused') queueMicrotask(() => listener('refused', this.#error));
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when it is connected. Throws BerthError where it is refused or closed. */
  connected(): Promise<void> {
    if (this.#connection === 'connected') return Promise.resolve();
    return new Promise((resolve, reject) => {
      const look = (connection: Connection, error: BerthError | null): void => {
        if (connection === 'connected') resolve();
        else if (connection !== 'refused' && connection !== 'closed') return;
        else reject(error ?? new BerthConnectionError('The socket was closed.'));
        this.#listeners.delete(look);
      };
      this.#listeners.add(look);
      look(this.#connection, this.#error);
    });
  }

  on<T>(name: string, take: (message: T) => void): void {
    this.#socket.on(name, take);
  }

  /**
   * Emits, now or not at all. `answered` is called with what was acknowledged, before anything that was sent after it
   * is taken; a refusal, a silence and a lost connection are its error.
   */
  ask(
    name: string,
    message: object,
    answered: (error: BerthError | null, ack: Record<string, unknown>) => void,
    ackMs: number = ACK_MS,
  ): void {
    if (this.#connection !== 'connected') {
      return answered(this.#error ?? new BerthConnectionError('The socket is not connected.'), {});
    }
    this.#socket.timeout(ackMs).emit(name, message, (lost: Error | null, ack?: Ack) => {
      if (!ack || lost) answered(new BerthConnectionError(`"${name}" was not answered`, lost), {});
      else if (ack.ok) answered(null, ack);
      else answered(new BerthError(ack.error as ConstructorParameters<typeof BerthError>[0]), {});
    });
  }

  /** Ends the connection, so that another one is made. */
  renew(): void {
    if (this.#connection === 'connected') this.#socket.io.engine.close();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#become('closed');
    this.#socket.close();
  }

  #refuse(code: 'unauthenticated' | 'forbidden'): void {
    const detail = code === 'unauthenticated' ? 'The socket was refused: the key is not alive.' : 'It was refused.';
    this.#become('refused', new BerthError({ code, status: code === 'forbidden' ? 403 : 401, detail }));
    this.#socket.close();
  }

  /** Socket.io tries again by itself where the network failed, and not where the server has spoken. */
  #again(): void {
    this.#failures += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#socket.connect(), backoffMs(this.#failures));
  }

  #become(connection: Connection, error: BerthError | null = null): void {
    if (this.#connection === 'closed' || this.#connection === 'refused') return;
    const isNews = this.#connection !== connection;
    this.#connection = connection;
    this.#error = error;
    if (isNews) for (const listener of [...this.#listeners]) listener(connection, error);
  }
}
