import { runCommand, streamCommand, type ExecEvent } from './commands.js';
import { ContainerOf } from './container.js';
import { FilesOf } from './files.js';
import type { Http } from './http.js';
import type { CallOptions, ChangeOptions } from './options.js';
import { allOf } from './pages.js';
import { SnapshotsOf } from './snapshots.js';
import { TasksOf } from './tasks.js';
import type { BotEventQuery, BotQuery, Container, ContainerPage, EventPage, Exec, ExecResult } from './types.js';

/** Bots, and what each of them has. */
export class Bots {
  readonly #http: Http;

  /** @internal */
  constructor(http: Http) {
    this.#http = http;
  }

  /** One page of containers, by botId. */
  list(query: BotQuery = {}, options?: CallOptions): Promise<ContainerPage> {
    return this.#http.json('listBots', 'GET', '/v1/bots', { query, options });
  }

  /** All of them. */
  all(query: Omit<BotQuery, 'cursor'> = {}, options?: CallOptions): AsyncGenerator<Container, void, undefined> {
    return allOf((cursor) => this.list({ ...query, cursor }, options));
  }

  container(botId: string): ContainerOf {
    return new ContainerOf(this.#http, botId);
  }

  snapshots(botId: string): SnapshotsOf {
    return new SnapshotsOf(this.#http, botId);
  }

  tasks(botId: string): TasksOf {
    return new TasksOf(this.#http, botId);
  }

  files(botId: string): FilesOf {
    return new FilesOf(this.#http, botId);
  }

  /**
   * Runs a command and answers when it has ended. It is not sent again when the connection breaks, since nobody knows
   * how far it has come; only when it was refused before it began.
   */
  exec(botId: string, body: Exec, options?: ChangeOptions): Promise<ExecResult> {
    return runCommand(this.#http, botId, body, options);
  }

  /** The same, its output told as it is written. The command ends with whoever reads. */
  execStream(botId: string, body: Exec, options?: CallOptions): AsyncGenerator<ExecEvent, void, undefined> {
    return streamCommand(this.#http, botId, body, options);
  }

  /** One page of a bot's events, oldest first. To follow them see `client.events`. */
  events(botId: string, query: BotEventQuery = {}, options?: CallOptions): Promise<EventPage> {
    return this.#http.json('botEvents', 'GET', '/v1/bots/:botId/events', { params: { botId }, query, options });
  }
}
