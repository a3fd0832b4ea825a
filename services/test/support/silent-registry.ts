import { createServer, type Socket } from 'node:net';

export interface SilentRegistry {
  /** An image there: its pull begins and does not get on. */
  image: string;
  /** Ends the pulls that wait for it. */
  close(): Promise<void>;
}

/** A registry that takes calls and never answers, so that a create stays in its pull for as long as a test needs. */
export async function startSilentRegistry(): Promise<SilentRegistry> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the registry has no port');
  return {
    image: `127.0.0.1:${address.port}/held/image:1`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
