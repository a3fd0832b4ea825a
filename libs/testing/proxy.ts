import { type Socket, connect, createServer } from 'node:net';

export interface Proxy {
  host: string;
  port: number;
  /** The target's URL with the proxy's address in it. */
  url: string;
  /** As if the target were stopped: open connections break, new ones are closed at once. */
  down(): void;
  up(): void;
  /** As if the target hung: connections stay open and nothing passes. */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

/**
 * Stands between a service and an engine that other suites use too, so that a test can take the engine away from that
 * service alone. `target` is a postgresql:, redis: or tcp: URL, or unix:///path/to/socket (which becomes a tcp: one).
 */
export async function startProxy(target: string): Promise<Proxy> {
  const parsed = new URL(target);
  const pairs = new Set<{ near: Socket; far: Socket }>();
  let isDown = false;
  let isFrozen = false;

  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    near.on('error', () => undefined);
    if (isDown) return void near.destroy();
    const far =
      parsed.protocol === 'unix:'
        ? connect({ path: parsed.pathname, allowHalfOpen: true })
        : connect({ host: parsed.hostname, port: Number(parsed.port), allowHalfOpen: true, noDelay: true });
    const pair = { near, far };
    pairs.add(pair);
    near.pipe(far);
    far.pipe(near);
    for (const [one, other] of [[near, far] as const, [far, near] as const]) {
      one.on('error', () => other.destroy());
      one.on('close', () => {
        pairs.delete(pair);
        other.destroy();
      });
    }
    if (isFrozen) freezePair(pair);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the proxy has no port');

  const breakAll = (): void => {
    for (const { near, far } of pairs) {
      near.destroy();
      far.destroy();
    }
  };
  const url = parsed.protocol === 'unix:' ? new URL('tcp://127.0.0.1') : new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String(address.port);
  return {
    host: '127.0.0.1',
    port: address.port,
    url: url.href.replace(/^(tcp:.*)\/$/, '$1'),
    down() {
      isDown = true;
      breakAll();
    },
    up() {
      isDown = false;
    },
    freeze() {
      isFrozen = true;
      pairs.forEach(freezePair);
    },
    thaw() {
      isFrozen = false;
      for (const { near, far } of pairs) {
        near.pipe(far);
        far.pipe(near);
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        breakAll();
      }),
  };
}

function freezePair({ near, far }: { near: Socket; far: Socket }): void {
  near.unpipe(far).pause();
  far.unpipe(near).pause();
}
