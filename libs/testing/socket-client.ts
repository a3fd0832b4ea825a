import { type Socket, io } from 'socket.io-client';

/** A message as it came, whichever its name: `event`, `progress`, `reset`, ... */
export interface ReceivedEvent {
  name: string;
  data: Record<string, unknown>;
  /** Date.now() at its arrival. */
  receivedAt: number;
}

export interface SocketClient {
  socket: Socket;
  /** In the order of arrival. */
  received: ReceivedEvent[];
  /** Emits and resolves with the acknowledgement. */
  ask(name: string, data: unknown): Promise<Record<string, unknown>>;
  /** The first message, already there or to come, that the predicate takes. */
  waitForEvent(predicate: (event: ReceivedEvent) => boolean, what: string, deadlineMs?: number): Promise<ReceivedEvent>;
  close(): void;
}

/** Connects with the key; rejects with the server's reason where the handshake is refused. */
export async function socketClient(url: string, key: string): Promise<SocketClient> {
  const socket = io(url, { auth: { token: key }, transports: ['websocket'], forceNew: true, reconnectionDelay: 50 });
  const received: ReceivedEvent[] = [];
  const waiting = new Set<(event: ReceivedEvent) => void>();
  socket.onAny((name: string, data: Record<string, unknown>) => {
    const event = { name, data, receivedAt: Date.now() };
    received.push(event);
    for (const look of waiting) look(event);
  });
  await new Promise<void>((resolve, reject) => {
    const refused = (error: Error): void => {
      socket.close();
      reject(error);
    };
    socket.once('connect_error', refused);
    socket.once('connect', () => {
      // From here on a failed connection is tried again, as any client would.
      socket.off('connect_error', refused);
      resolve();
    });
  });

  return {
    socket,
    received,
    ask: async (name, data) => (await socket.timeout(10_000).emitWithAck(name, data)) as Record<string, unknown>,
    waitForEvent(predicate, what, deadlineMs = 15_000) {
      const there = received.find(predicate);
      if (there) return Promise.resolve(there);
      return new Promise((resolve, reject) => {
        const look = (event: ReceivedEvent): void => {
          if (!predicate(event)) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(event);
        };
        const timer = setTimeout(() => {
          waiting.delete(look);
          const seen = received.slice(-12).map(({ name, data }) => `${name} ${JSON.stringify(data)}`);
          reject(new Error(`Waited ${deadlineMs} ms in vain for ${what}; the last messages were:\n${seen.join('\n')}`));
        }, deadlineMs);
        waiting.add(look);
      });
    },
    close: () => void socket.close(),
  };
}
