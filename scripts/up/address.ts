import { createServer } from 'node:net';
import { run } from '../engines/process.js';
import { freePort } from '../engines/port.js';

export interface Address {
  host: string;
  port: number;
  /** Under which this machine reaches it. */
  url: string;
}

/** Where the API is to listen, once it is certain that it can; a port of 0 becomes a free one. */
export async function chooseAddress(env: NodeJS.ProcessEnv): Promise<Address> {
  const host = env['HOST']?.trim() || '127.0.0.1';
  const wanted = env['PORT']?.trim() || '8080';
  if (!/^\d{1,5}$/.test(wanted) || Number(wanted) > 65_535) {
    throw new Error(`PORT is ${wanted}; write a whole number from 0 to 65535.`);
  }
  const port = Number(wanted) || (await freePort());
  const fault = await tryToListen(host, port);
  if (fault) throw new Error(await explain(fault, host, port));
  const reachable = ['0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return { host, port, url: `http://${reachable}:${port}` };
}

function tryToListen(host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

async function explain(fault: NodeJS.ErrnoException, host: string, port: number): Promise<string> {
  switch (fault.code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is taken${await byWhom(port)}. Stop that, or choose another port: PORT=${port + 1} npm start`;
    case 'EACCES':
      return `Port ${port} may not be opened by this user. Choose one above 1023: PORT=8080 npm start`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `HOST is ${host}, which is no address of this machine. For this machine alone write 127.0.0.1, for all networks 0.0.0.0.`;
    default:
      return `The API cannot listen on ${host}:${port}: ${fault.message}. Set HOST and PORT.`;
  }
}

async function byWhom(port: number): Promise<string> {
  const { stdout } = await run('ss', ['-Hltnp', `sport = :${port}`], { timeoutMs: 2_000 });
  const found = /users:\(\("([^"]+)",pid=(\d+)/.exec(stdout);
  if (found) return ` by ${found[1]} (process ${found[2]})`;
  const lsof = await run('lsof', ['-nP', '-t', `-iTCP:${port}`, '-sTCP:LISTEN'], { timeoutMs: 2_000 });
  const pid = lsof.stdout.trim().split('\n')[0];
  return pid ? ` by process ${pid}` : '';
}
