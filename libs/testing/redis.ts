import { type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitOf, spawnBound } from './child.js';
import { freePort } from './free-port.js';
import { waitFor } from './wait-for.js';

export interface TestRedis {
  url: string;
  port: number;
  stop(): Promise<void>;
  /** As a crash: what it held is gone. */
  kill(): Promise<void>;
  /** On the same port, empty. Where it still runs, it is killed first. */
  restart(): Promise<void>;
}

/** A redis-server of one's own, on loopback, in memory alone. */
export async function startRedis(): Promise<TestRedis> {
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), 'berth-redis-'));
  let child = await launch(port, dir);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exitOf(child);
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGKILL');
      child = await launch(port, dir);
    },
    async stop() {
      await end('SIGTERM');
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function launch(port: number, dir: string): Promise<ChildProcess> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no'];
  const child = spawnBound('redis-server', [...args, '--maxmemory-policy', 'noeviction'], {
    stdio: 'ignore',
    cwd: '/',
  });
  let fault: Error | undefined;
  child.once('error', (error) => (fault = error));
  await waitFor(
    () => {
      if (fault) throw fault;
      return pings(port);
    },
    { what: `redis-server on port ${port} (Debian's package redis-server)` },
  );
  return child;
}

function pings(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => end(false));
    socket.once('data', (data) => end(data.toString().startsWith('+PONG')));
    socket.once('error', () => end(false));
  });
}
