import {
  containerSchema,
  eventPage,
  operationAnswer,
  snapshotPage,
  snapshotSchema,
  type ContainerView,
  type EventView,
  type OperationView,
  type SnapshotView,
} from '#contracts';
import type { Answer, HttpClient } from '#testing';
import { expect } from '@jest/globals';
import type { Engine } from './engine.js';
import { exactly } from './exact.js';

export type Verb = 'start' | 'stop' | 'restart' | 'pause' | 'resume' | 'delete';
type Inspection = Awaited<ReturnType<ReturnType<Engine['getContainer']>['inspect']>>;

const WAIT = { prefer: 'wait=45' };

/** One bot as its owner would drive it over HTTP, and as `docker` would show it. */
export class TestBot {
  constructor(
    readonly id: string,
    readonly http: HttpClient,
    private readonly docker: Engine,
  ) {}

  path(suffix = ''): string {
    return `/v1/bots/${this.id}/container${suffix}`;
  }

  /** The answer as it came, whatever it is. */
  ask(verb: Verb, options: { body?: unknown; query?: string; headers?: Record<string, string> } = {}): Promise<Answer> {
    const { body, query = '', headers } = options;
    if (verb === 'delete') return this.http.request('DELETE', this.path(query), { headers });
    return this.http.request('POST', this.path(`/${verb}${query}`), { body, headers });
  }

  askCreate(body: unknown = {}, headers?: Record<string, string>): Promise<Answer> {
    return this.http.post(this.path(), body, headers);
  }

  /** Accepted, and not waited for. */
  async send(verb: Verb | 'create', body?: unknown): Promise<OperationView> {
    const answer = verb === 'create' ? await this.askCreate(body) : await this.ask(verb, { body });
    expect(answer).toMatchObject({ status: expect.any(Number), body: { operation: { botId: this.id } } });
    return operationOf(answer);
  }

  /** Accepted and ended, however it ended. */
  async finish(verb: Verb | 'create', body?: unknown, query = ''): Promise<OperationView> {
    const answer =
      verb === 'create' ? await this.askCreate(body, WAIT) : await this.ask(verb, { body, query, headers: WAIT });
    const operation = operationOf(answer);
    expect(operation.finishedAt).not.toBeNull();
    return operation;
  }

  /** Accepted and succeeded. */
  async run(verb: Verb | 'create', body?: unknown, query = ''): Promise<OperationView> {
    return succeeded(await this.finish(verb, body, query));
  }

  /** Snapshot calls, as they were answered. */
  askSnapshot(
    method: 'POST' | 'DELETE',
    suffix: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer> {
    return this.http.request(method, `/v1/bots/${this.id}/snapshots${suffix}`, { body, headers });
  }

  /** Taken, and ended well. */
  async snapshot(name: string, body: object = {}): Promise<SnapshotView> {
    const { result } = succeeded(operationOf(await this.askSnapshot('POST', '', { name, ...body }, WAIT)));
    return this.snapshotOf(String(result?.['snapshotId']));
  }

  /** Restored; the id of the safety snapshot. */
  async restore(id: string, body: object = {}): Promise<string | null> {
    const { result } = succeeded(operationOf(await this.askSnapshot('POST', `/${id}/restore`, body, WAIT)));
    return result?.['safetySnapshotId'] as string | null;
  }

  async forget(id: string): Promise<void> {
    succeeded(operationOf(await this.askSnapshot('DELETE', `/${id}`, undefined, WAIT)));
  }

  async snapshotOf(id: string): Promise<SnapshotView> {
    const { status, body } = await this.http.get(`/v1/bots/${this.id}/snapshots/${id}`);
    expect(status).toBe(200);
    return exactly(snapshotSchema, body);
  }

  /** Newest first. */
  async snapshots(): Promise<SnapshotView[]> {
    const found: SnapshotView[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const query: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
      const { status, body } = await this.http.get(`/v1/bots/${this.id}/snapshots?limit=100${query}`);
      expect(status).toBe(200);
      const page = exactly(snapshotPage, body);
      found.push(...page.items);
      cursor = page.nextCursor;
    }
    return found;
  }

  async get(): Promise<ContainerView> {
    const answer = await this.http.get(this.path());
    expect(answer.status).toBe(200);
    return exactly(containerSchema, answer.body);
  }

  /** All of its events, from pages. */
  async events(after = 0): Promise<EventView[]> {
    const found: EventView[] = [];
    for (let cursor = ''; ;) {
      const query = cursor === '' ? `after=${after}` : `cursor=${cursor}`;
      const { status, body } = await this.http.get(`/v1/bots/${this.id}/events?limit=100&${query}`);
      expect(status).toBe(200);
      const { items, nextCursor } = exactly(eventPage, body);
      found.push(...items);
      if (nextCursor === null) return found;
      cursor = nextCursor;
    }
  }

  container(id: string): ReturnType<Engine['getContainer']> {
    return this.docker.getContainer(id);
  }

  /** What the engine holds under the id that Berth tells. */
  async inspect(): Promise<Inspection> {
    const { containerId } = await this.get();
    if (containerId === null) throw new Error(`${this.id} has no container`);
    return this.docker.getContainer(containerId).inspect();
  }

  /** Its data volumes on the engine, at most one. */
  async volumes(): Promise<string[]> {
    const filters = { label: ['berth.managed=true', `berth.bot=${this.id}`] };
    return (await this.docker.listVolumes({ filters })).Volumes.map((volume) => volume.Name);
  }

  /** Its containers on the engine, ended ones too. */
  async containers(): Promise<string[]> {
    const filters = { label: ['berth.managed=true', `berth.bot=${this.id}`] };
    return (await this.docker.listContainers({ all: true, filters })).map((container) => container.Id);
  }
}

function succeeded(operation: OperationView): OperationView {
  expect({ status: operation.status, error: operation.error }).toEqual({ status: 'succeeded', error: null });
  return operation;
}

export function operationOf(answer: Answer): OperationView {
  if (answer.status !== 200 && answer.status !== 202) {
    throw new Error(`answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }
  const { operation } = exactly(operationAnswer, answer.body);
  expect(answer.headers.get('location')).toBe(`/v1/operations/${operation.id}`);
  return operation;
}
