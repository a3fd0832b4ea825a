import type { Http } from './http.js';
import { followLines, type LogLine } from './log-lines.js';
import type { CallOptions, OperationOptions } from './options.js';
import type {
  Container,
  ContainerCreate,
  ContainerDelete,
  ContainerStop,
  ContainerUpdate,
  Operation,
  Stats,
} from './types.js';

/**
 * A bot's container. What changes it answers with the operation that does, ended or not: give `wait`, or wait for it
 * with `client.operations.wait`.
 */
export class ContainerOf {
  readonly #http: Http;
  readonly #params: { botId: string };

  /** @internal */
  constructor(http: Http, botId: string) {
    this.#http = http;
    this.#params = { botId };
  }

  /** The container as it is now. */
  get(options?: CallOptions): Promise<Container> {
    return this.#http.json('getContainer', 'GET', '/v1/bots/:botId/container', { params: this.#params, options });
  }

  /** Creates it, and starts it where `start` is true. Creating what exists is a no-op. */
  async create(body: ContainerCreate = {}, options?: OperationOptions): Promise<Operation> {
    const asked = { params: this.#params, body, options };
    return (await this.#http.json('createContainer', 'POST', '/v1/bots/:botId/container', asked)).operation;
  }

  async start(options?: OperationOptions): Promise<Operation> {
    const asked = { params: this.#params, options };
    return (await this.#http.json('startContainer', 'POST', '/v1/bots/:botId/container/start', asked)).operation;
  }

  /** Stops it: gracefully, and by force after `timeoutSeconds`, 10 by default. */
  async stop(body: ContainerStop = {}, options?: OperationOptions): Promise<Operation> {
    const asked = { params: this.#params, body, options };
    return (await this.#http.json('stopContainer', 'POST', '/v1/bots/:botId/container/stop', asked)).operation;
  }

  async restart(options?: OperationOptions): Promise<Operation> {
    const asked = { params: this.#params, options };
    return (await this.#http.json('restartContainer', 'POST', '/v1/bots/:botId/container/restart', asked)).operation;
  }

  /** Freezes its processes. */
  async pause(options?: OperationOptions): Promise<Operation> {
    const asked = { params: this.#params, options };
    return (await this.#http.json('pauseContainer', 'POST', '/v1/bots/:botId/container/pause', asked)).operation;
  }

  /** Lets frozen processes go on. */
  async resume(options?: OperationOptions): Promise<Operation> {
    const asked = { params: this.#params, options };
    return (await this.#http.json('resumeContainer', 'POST', '/v1/bots/:botId/container/resume', asked)).operation;
  }

  /** Changes resources, labels or idle time; `result.restartRequired` tells what waits for a restart. */
  async update(body: ContainerUpdate, options?: OperationOptions): Promise<Operation> {
    const asked = { params: this.#params, body, options };
    return (await this.#http.json('updateContainer', 'PATCH', '/v1/bots/:botId/container', asked)).operation;
  }

  /** Deletes it; its data volume stays unless `purgeData` is true. */
  async delete(query: ContainerDelete = {}, options?: OperationOptions): Promise<Operation> {
    const asked = { params: this.#params, query, options };
    return (await this.#http.json('deleteContainer', 'DELETE', '/v1/bots/:botId/container', asked)).operation;
  }

  /** One sample of what it uses. */
  stats(options?: CallOptions): Promise<Stats> {
    const asked = { params: this.#params, options };
    return this.#http.json('containerStats', 'GET', '/v1/bots/:botId/container/stats', asked);
  }

  /** The last lines of its main process's output, 200 by default. */
  logs(query: { tail?: number } = {}, options?: CallOptions): Promise<string> {
    const asked = { params: this.#params, query, options };
    return this.#http.text('containerLogs', 'GET', '/v1/bots/:botId/container/logs', asked);
  }

  /**
   * The same lines, then those that follow, until the container ends or the signal is given. A stream that breaks off
   * throws BerthConnectionError: lines have no numbers to go on from.
   */
  followLogs(query: { tail?: number } = {}, options: CallOptions = {}): AsyncGenerator<LogLine, void, undefined> {
    return followLines(options.signal, (signal) =>
      this.#http.open('containerLogs', 'GET', '/v1/bots/:botId/container/logs', {
        params: this.#params,
        query: { ...query, follow: true },
        headers: { accept: 'text/event-stream' },
        options: { signal },
      }),
    );
  }
}
