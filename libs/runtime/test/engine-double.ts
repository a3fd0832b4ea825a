import http from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Answers one request; leaving it open is a hang. */
export type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => void;

/** An Engine on a unix socket that answers as a test says: by "METHOD path", the query left off. */
export class EngineDouble {
  readonly dockerHost: string;
  readonly requests: string[] = [];
  private readonly answers = new Map<string, Answer[]>();
  private readonly waiters: { request: string; resolve: () => void }[] = [];
  private readonly server = http.createServer((request, response) => this.handle(request, response));

  private constructor(readonly directory: string) {
    this.dockerHost = `unix://${join(directory, 'docker.sock')}`;
  }

  static async open(): Promise<EngineDouble> {
    const double = new EngineDouble(await mkdtemp(join(tmpdir(), 'berth-double-')));
    await new Promise<void>((resolve) => double.server.listen(join(double.directory, 'docker.sock'), resolve));
    return double;
  }

  /** The answers to come, in order; the last one stays. */
  on(request: string, ...answers: Answer[]): void {
    this.answers.set(request, answers);
  }

  /** Resolves once this request has arrived, or has before. */
  async arrived(request: string): Promise<void> {
    if (this.requests.includes(request)) return;
    await new Promise<void>((resolve) => this.waiters.push({ request, resolve }));
  }

  count(request: string): number {
    return this.requests.filter((each) => each === request).length;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    await rm(this.directory, { recursive: true, force: true });
  }

  private handle(request: http.IncomingMessage, response: http.ServerResponse): void {
    request.resume();
    const name = `${request.method} ${request.url?.split('?')[0]}`;
    this.requests.push(name);
    for (const waiter of this.waiters) if (waiter.request === name) waiter.resolve();
    const answers = this.answers.get(name) ?? [];
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer) answer(request, response);
    else json(500, { message: `unexpected ${name}` })(request, response);
  }
}

export function json(status: number, body: unknown): Answer {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(status === 204 || status === 304 ? undefined : JSON.stringify(body));
  };
}

export const hang: Answer = () => undefined;

/** The answer begins and never ends: where dockerode's own promise stays pending for ever. */
export const hangAfterHeaders: Answer = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{"half":');
};

export const reset: Answer = (request) => {
  request.socket.destroy();
};

/** What inspect says of a container in this state. */
export function inspected(
  status: string,
  extra: { labels?: Record<string, string>; exitCode?: number; mounts?: object[]; asked?: object[] } = {},
): Answer {
  return json(200, {
    Id: 'c0ffee',
    Name: '/box',
    Created: '2026-01-01T00:00:00Z',
    Image: 'sha256:0',
    State: {
      Status: status,
      Running: status === 'running',
      OOMKilled: false,
      ExitCode: extra.exitCode ?? 0,
      StartedAt: '2026-01-01T00:00:00Z',
      FinishedAt: '0001-01-01T00:00:00Z',
    },
    Config: { Image: 'tiny:1', Labels: extra.labels ?? {}, Entrypoint: ['sleep', '2147483647'] },
    Mounts: extra.mounts ?? [],
    HostConfig: { Mounts: extra.asked ?? [] },
  });
}

/** What inspect says of an image with these settings. */
export function imageOf(config: object = {}, id = 'sha256:0', names: string[] = []): Answer {
  const layers = { Type: 'layers', Layers: ['sha256:1'] };
  return json(200, { Id: id, RepoTags: names, Size: 1, RootFS: layers, Config: config });
}
