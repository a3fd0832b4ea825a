import http from 'node:http';
import { inspect } from 'node:util';
import type { Readable } from 'node:stream';
import { setMaxListeners } from 'node:events';
import Docker, { type DockerOptions } from 'dockerode';
import { abortedFailure, DeadlineExceeded, withDeadline } from './deadline.js';

export interface CallOptions {
  deadlineMs: number;
  signal?: AbortSignal | undefined;
}

/** A response that goes on after its headers. */
export interface OpenStream {
  stream: Readable;
  /** Fires when the caller or the connection gave up. */
  signal: AbortSignal;
  /** Cuts the connection; to be called however the reading ends. */
  close: () => void;
}

export interface EngineConnection {
  readonly docker: Docker;
  /** Whether the engine runs on this very host, so that its files and bridges are ours to see. */
  readonly local: boolean;
  call<T>(call: string, options: CallOptions, run: (signal: AbortSignal) => Promise<T>): Promise<T>;
  openStream(
    call: string,
    options: CallOptions,
    run: (signal: AbortSignal) => Promise<NodeJS.ReadableStream>,
  ): Promise<OpenStream>;
  /** A GET that dockerode offers without a signal or without the query. `path` starts with a slash. */
  getJson(path: string, signal: AbortSignal): Promise<unknown>;
  /** Ends every open call and stream with `aborted`. */
  close(): void;
}

/** The one method of dockerode's untyped modem that is used here. */
interface Modem {
  dial(options: DialOptions, callback: (error: Error | null, answer: unknown) => void): void;
}
interface DialOptions {
  path: string;
  method: 'GET';
  abortSignal: AbortSignal;
  statusCodes: Record<number, true>;
}

export interface ConnectionOptions {
  dockerHost?: string | undefined;
  onHungCall?: ((call: string) => void) | undefined;
}

/** Connects lazily: nothing is sent before the first call. The API version is left to the engine (1.41 or later). */
export function connectEngine(options: ConnectionOptions): EngineConnection {
  const endpoint = parseDockerHost(options.dockerHost);
  // No keep-alive: a socket kept over an engine's restart fails the next POST with an outcome nobody knows,
  // and a new unix connection costs less than 0.1 ms.
  // docker-modem inspects the options of every request for a debug line that nobody reads. The agent holds all open
  // sockets, so that cost most of a worker's time; it now has nothing to tell.
  const agent = Object.assign(new http.Agent({ keepAlive: false }), { [inspect.custom]: () => 'Agent' });
  // Undefined entries override what dockerode would otherwise read from DOCKER_HOST and DOCKER_CERT_PATH.
  const dockerOptions: DockerOptions & { agent: http.Agent } = {
    socketPath: undefined,
    host: undefined,
    port: undefined,
    ca: undefined,
    cert: undefined,
    key: undefined,
    timeout: undefined,
    protocol: 'http',
    ...endpoint,
    agent,
  };
  const docker = new Docker(dockerOptions);
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);

  const call = async <T>(name: string, given: CallOptions, run: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    if (given.signal) setMaxListeners(0, given.signal);
    try {
      const signals = [closing.signal, given.signal];
      return await withDeadline({ call: name, deadlineMs: given.deadlineMs, signals }, run);
    } catch (error) {
      if (error instanceof DeadlineExceeded) options.onHungCall?.(name);
      throw error;
    }
  };

  return {
    docker,
    local: endpoint.socketPath !== undefined,
    call,
    getJson: (path, abortSignal) =>
      new Promise((resolve, reject) => {
        const request: DialOptions = { path, method: 'GET', abortSignal, statusCodes: { 200: true } };
        (docker.modem as Modem).dial(request, (error, answer) => (error ? reject(error) : resolve(answer)));
      }),
    openStream: (name, given, run) => openStream(name, given, run, call, closing.signal),
    close: () => {
      closing.abort();
      agent.destroy();
    },
  };
}

async function openStream(
  name: string,
  options: CallOptions,
  run: (signal: AbortSignal) => Promise<NodeJS.ReadableStream>,
  call: EngineConnection['call'],
  closing: AbortSignal,
): Promise<OpenStream> {
  // Outlives the call that waits for the headers, so it is linked by hand and unlinked by close().
  const connection = new AbortController();
  const cut = () => connection.abort(abortedFailure());
  const sources = [closing, options.signal].filter((signal) => signal !== undefined);
  for (const source of sources) source.addEventListener('abort', cut, { once: true });
  let stream: Readable | null = null;
  const close = () => {
    for (const source of sources) source.removeEventListener('abort', cut);
    connection.abort(abortedFailure());
    stream?.destroy();
  };
  try {
    stream = (await call(name, options, () => run(connection.signal))) as Readable;
    // A response cut while nobody reads it still emits an error, which would end the process.
    stream.on('error', () => undefined);
    return { stream, signal: connection.signal, close };
  } catch (error) {
    close();
    throw error;
  }
}

type Endpoint = { socketPath: string } | { socketPath?: undefined; host: string; port: number };

/** `unix:///path`, `tcp://host:port` or undefined for the default socket. Throws a TypeError on anything else. */
export function parseDockerHost(dockerHost: string | undefined): Endpoint {
  if (dockerHost === undefined || dockerHost === '') return { socketPath: '/var/run/docker.sock' };
  if (dockerHost.startsWith('unix://')) {
    const socketPath = dockerHost.slice('unix://'.length);
    if (!socketPath.startsWith('/')) throw new TypeError(`The Docker socket must be an absolute path: ${dockerHost}`);
    return { socketPath };
  }
  if (!/^(tcp|http):\/\//.test(dockerHost)) {
    throw new TypeError(`The Docker host must be unix:///path or tcp://host:port, not ${dockerHost}`);
  }
  const url = new URL(dockerHost.replace(/^tcp:/, 'http:'));
  return { host: url.hostname, port: url.port === '' ? 2375 : Number(url.port) };
}
