import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDockerHost } from './docker.js';
import { freePort } from './free-port.js';
import { type HttpClient, httpClient } from './http-client.js';
import { ServiceProcess } from './service-process.js';
import { type SocketClient, socketClient } from './socket-client.js';
import { waitFor } from './wait-for.js';

export interface ServicesOptions {
  databaseUrl: string;
  /** Unset: the queues live in Postgres. */
  redisUrl?: string;
  /** Unset: the tests' own. */
  dockerHost?: string;
  nodeId?: string;
  /** Which to start now; the others are started with `start()`. Both by default. */
  start?: ('api' | 'worker')[];
  /** More settings, for both. */
  env?: Record<string, string>;
}

export interface TestServices {
  url: string;
  apiKey: string;
  nodeId: string;
  api: ServiceProcess;
  worker: ServiceProcess;
  /** With the operator's key, unless another, or none, is given. */
  http(key?: string | null): HttpClient;
  socket(key?: string): Promise<SocketClient>;
  ready(): Promise<void>;
  /** Ends sockets, api and worker, in this order. */
  stop(): Promise<void>;
}

/** Starts Berth as an installation does: two processes, configured by their environment alone, on free ports. */
export async function startServices(options: ServicesOptions): Promise<TestServices> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const nodeId = options.nodeId ?? `test-${randomBytes(4).toString('hex')}`;
  const apiKey = `test-key-${randomBytes(24).toString('hex')}`;
  const dataDir = await mkdtemp(join(tmpdir(), 'berth-data-'));
  const env = {
    PORT: String(port),
    HOST: '127.0.0.1',
    BERTH_API_KEY: apiKey,
    BERTH_SECRET_KEY: `test-secret-${randomBytes(24).toString('hex')}`,
    BERTH_DATA_DIR: dataDir,
    BERTH_NODE_ID: nodeId,
    BERTH_QUEUE_NAMESPACE: `t${randomBytes(4).toString('hex')}`,
    DATABASE_URL: options.databaseUrl,
    DOCKER_HOST: options.dockerHost ?? testDockerHost(),
    ...(options.redisUrl ? { REDIS_URL: options.redisUrl } : {}),
    ...options.env,
  };
  const services = { api: new ServiceProcess('api', env), worker: new ServiceProcess('worker', env) };
  const sockets: SocketClient[] = [];

  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.close();
    await services.api.stop();
    await services.worker.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  const ready = async (): Promise<void> => {
    await waitFor(
      async () => {
        for (const service of Object.values(services)) {
          if (service.pid !== undefined && !service.running) throw new Error(`${service.name} has exited`);
        }
        const { status, body } = await httpClient(url, apiKey).get('/readyz');
        if (status !== 200) throw new Error(`/readyz answered ${status}: ${JSON.stringify(body)}`);
        return true;
      },
      { what: 'the API to be ready', deadlineMs: 100_000, everyMs: 50 },
    ).catch((error: unknown) => {
      const logs = Object.values(services).map((service) => `--- ${service.name}\n${service.lastLogs()}`);
      throw new Error(`${String(error)}\n${logs.join('\n')}`);
    });
  };

  const wanted = options.start ?? ['worker', 'api'];
  try {
    for (const name of wanted) services[name].start();
    if (wanted.includes('api')) await ready();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    apiKey,
    nodeId,
    ...services,
    http: (key = apiKey) => httpClient(url, key),
    async socket(key = apiKey) {
      const socket = await socketClient(url, key);
      sockets.push(socket);
      return socket;
    },
    ready,
    stop,
  };
}
