import type { ContainerView, EventView, OperationView } from '#contracts';
import {
  TINY_IMAGE,
  createTestDatabase,
  ensureTinyImage,
  removeManaged,
  startServices,
  testDocker,
  waitFor,
  type Answer,
  type HttpClient,
  type ServicesOptions,
  type TestDatabase,
  type TestServices,
} from '#testing';
import { randomBytes } from 'node:crypto';
import type Docker from 'dockerode';
import { EngineLog } from './engine-log.js';

export interface BedOptions extends Omit<ServicesOptions, 'databaseUrl'> {
  /** Given the database's own URL, answers with the one that Berth is to use. */
  throughDatabase?: (databaseUrl: string) => Promise<string>;
}

/** A main process that no TERM ends. */
export const STUBBORN = ['sh', '-c', 'trap "" TERM; while true; do sleep 1; done'];

/** Berth as two processes on a database of its own, with bots of its own on the shared engine. */
export class TestBed {
  readonly docker: Docker = testDocker();
  readonly #suite = `f${randomBytes(4).toString('hex')}`;
  readonly #bots = new Set<string>();

  private constructor(
    readonly database: TestDatabase,
    readonly services: TestServices,
    readonly engine: EngineLog,
  ) {}

  static async start({ throughDatabase, ...options }: BedOptions = {}): Promise<TestBed> {
    const docker = testDocker();
    await ensureTinyImage(docker);
    const database = await createTestDatabase();
    const engine = await EngineLog.start(docker);
    try {
      const databaseUrl = throughDatabase ? await throughDatabase(database.url) : database.url;
      const env = { BERTH_DEFAULT_IMAGE: TINY_IMAGE, BERTH_DEFAULT_MEMORY_MB: '64', ...options.env };
      return new TestBed(database, await startServices({ ...options, databaseUrl, env }), engine);
    } catch (error) {
      engine.stop();
      await database.drop();
      throw error;
    }
  }

  /** Takes away what the suite has made, and fails where a service reported a fault of its own. */
  async stop(): Promise<void> {
    await this.services.stop();
    for (const bot of this.#bots) await removeManaged(this.docker, [`berth.bot=${bot}`]);
    this.engine.stop();
    await this.database.drop();
    for (const service of [this.services.api, this.services.worker]) {
      const fatal = service
        .logs()
        .split('\n')
        .filter((line) => /"level":(60|"fatal")|unforeseen error/.test(line));
      if (fatal.length > 0) throw new Error(`${service.name} reported:\n${fatal.join('\n')}`);
    }
  }

  get http(): HttpClient {
    return this.services.http();
  }

  /** A botId that no other suite uses. */
  bot(name: string): string {
    const bot = `${this.#suite}-${name}`;
    this.#bots.add(bot);
    return bot;
  }

  send(bot: string, verb: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const path = `/v1/bots/${bot}/container`;
    if (verb === 'delete') return this.http.delete(path, headers);
    return this.http.post(verb === 'create' ? path : `${path}/${verb}`, body, headers);
  }

  /** Sends a request that must be accepted. */
  async accept(bot: string, verb: string, body?: unknown): Promise<OperationView> {
    return operationOf(await this.send(bot, verb, body), 202);
  }

  /** Makes a container and has it started, or not; answers with the engine's id of it. */
  async make(bot: string, start: boolean, command?: string[]): Promise<string> {
    const { id } = await this.accept(bot, 'create', { start, ...(command && { command }) });
    await this.succeeds(id);
    const { containerId } = await this.view(bot);
    return containerId ?? '';
  }

  async operation(id: string): Promise<OperationView> {
    return operationOf(await this.http.get(`/v1/operations/${id}`), 200);
  }

  /** The ended operation, whatever happens to the API meanwhile. */
  ended(id: string, deadlineMs = 30_000): Promise<OperationView> {
    return waitFor(
      async () => {
        const operation = await this.operation(id);
        if (operation.finishedAt) return operation;
        throw new Error(`it is ${operation.status}, attempt ${operation.attempt}, ${JSON.stringify(operation.error)}`);
      },
      { what: `operation ${id} to end`, deadlineMs },
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n--- worker\n${this.services.worker.lastLogs()}`);
    });
  }

  async succeeds(id: string, deadlineMs?: number): Promise<OperationView> {
    const operation = await this.ended(id, deadlineMs);
    if (operation.status === 'succeeded') return operation;
    throw new Error(`${operation.kind} ${operation.status}: ${JSON.stringify(operation.error)}`);
  }

  async view(bot: string): Promise<ContainerView> {
    const { status, body } = await this.http.get(`/v1/bots/${bot}/container`);
    if (status !== 200) throw new Error(`the container's call answered ${status} ${JSON.stringify(body)}`);
    return body as ContainerView;
  }

  until(bot: string, status: ContainerView['status'], deadlineMs = 15_000): Promise<ContainerView> {
    return waitFor(
      async () => {
        const view = await this.view(bot);
        if (view.status === status) return view;
        throw new Error(`it is ${view.status}`);
      },
      { what: `${bot} to be ${status}`, deadlineMs },
    );
  }

  async events(bot: string): Promise<EventView[]> {
    const all: EventView[] = [];
    for (;;) {
      const after = all.at(-1)?.version ?? 0;
      const { status, body } = await this.http.get(`/v1/bots/${bot}/events?after=${after}&limit=100`);
      if (status !== 200) throw new Error(`the events' call answered ${status} ${JSON.stringify(body)}`);
      const { items } = body as { items: EventView[] };
      all.push(...items);
      if (items.length < 100) return all;
    }
  }
}

export function operationOf(answer: Answer, status: number): OperationView {
  if (answer.status !== status) {
    throw new Error(`answered ${answer.status} instead of ${status}: ${JSON.stringify(answer.body)}`);
  }
  const body = answer.body as OperationView | { operation: OperationView };
  return 'operation' in body ? body.operation : body;
}
