import type { Http } from './http.js';
import { followLines, type LogLine } from './log-lines.js';
import type { CallOptions, ChangeOptions } from './options.js';
import { allOf } from './pages.js';
import type { Task, TaskCreate, TaskEnd, TaskPage, TaskQuery } from './types.js';

/** Commands that go on in the background. */
export class TasksOf {
  readonly #http: Http;
  readonly #botId: string;

  /** @internal */
  constructor(http: Http, botId: string) {
    this.#http = http;
    this.#botId = botId;
  }

  /** Starts one. Like a command it is not sent again when the connection breaks: see `list` for whether it runs. */
  start(body: TaskCreate, options?: ChangeOptions): Promise<Task> {
    const asked = { params: { botId: this.#botId }, body, options, repeat: 'refused' } as const;
    return this.#http.json('createTask', 'POST', '/v1/bots/:botId/tasks', asked);
  }

  /** One page, newest first. */
  list(query: TaskQuery = {}, options?: CallOptions): Promise<TaskPage> {
    const asked = { params: { botId: this.#botId }, query, options };
    return this.#http.json('listTasks', 'GET', '/v1/bots/:botId/tasks', asked);
  }

  /** Those that run, and the last that have ended; newest first. */
  all(query: Omit<TaskQuery, 'cursor'> = {}, options?: CallOptions): AsyncGenerator<Task, void, undefined> {
    return allOf((cursor) => this.list({ ...query, cursor }, options));
  }

  get(id: string, options?: CallOptions): Promise<Task> {
    const asked = { params: { botId: this.#botId, id }, options };
    return this.#http.json('getTask', 'GET', '/v1/bots/:botId/tasks/:id', asked);
  }

  /** The last lines that it wrote on both its outputs, 200 by default. */
  logs(id: string, query: { tail?: number } = {}, options?: CallOptions): Promise<string> {
    const asked = { params: { botId: this.#botId, id }, query, options };
    return this.#http.text('taskLogs', 'GET', '/v1/bots/:botId/tasks/:id/logs', asked);
  }

  /** The same lines, then those that follow, until it ends or the signal is given. */
  followLogs(
    id: string,
    query: { tail?: number } = {},
    options: CallOptions = {},
  ): AsyncGenerator<LogLine, void, undefined> {
    return followLines(options.signal, (signal) =>
      this.#http.open('taskLogs', 'GET', '/v1/bots/:botId/tasks/:id/logs', {
        params: { botId: this.#botId, id },
        query: { ...query, follow: true },
        headers: { accept: 'text/event-stream' },
        options: { signal },
      }),
    );
  }

  /** Ends it: a signal, `TERM` by default, and after 10 s `KILL`. Answers with the ended task. */
  stop(id: string, query: TaskEnd = {}, options?: ChangeOptions): Promise<Task> {
    const asked = { params: { botId: this.#botId, id }, query, options };
    return this.#http.json('endTask', 'DELETE', '/v1/bots/:botId/tasks/:id', asked);
  }
}
