import type { Http } from './http.js';
import type { CallOptions, OperationOptions } from './options.js';
import { allOf } from './pages.js';
import type { Operation, Snapshot, SnapshotCreate, SnapshotPage, SnapshotQuery, SnapshotRestore } from './types.js';

/** A bot's snapshots. They outlive its container. */
export class SnapshotsOf {
  readonly #http: Http;
  readonly #botId: string;

  /** @internal */
  constructor(http: Http, botId: string) {
    this.#http = http;
    this.#botId = botId;
  }

  /** One page, newest first. */
  list(query: SnapshotQuery = {}, options?: CallOptions): Promise<SnapshotPage> {
    const asked = { params: { botId: this.#botId }, query, options };
    return this.#http.json('listSnapshots', 'GET', '/v1/bots/:botId/snapshots', asked);
  }

  /** All of them, newest first. */
  all(query: Omit<SnapshotQuery, 'cursor'> = {}, options?: CallOptions): AsyncGenerator<Snapshot, void, undefined> {
    return allOf((cursor) => this.list({ ...query, cursor }, options));
  }

  get(id: string, options?: CallOptions): Promise<Snapshot> {
    const asked = { params: { botId: this.#botId, id }, options };
    return this.#http.json('getSnapshot', 'GET', '/v1/bots/:botId/snapshots/:id', asked);
  }

  /** Takes one, of root filesystem and data, or of the root filesystem alone. Its id is the `result.snapshotId`. */
  async create(body: SnapshotCreate, options?: OperationOptions): Promise<Operation> {
    const asked = { params: { botId: this.#botId }, body, options };
    return (await this.#http.json('createSnapshot', 'POST', '/v1/bots/:botId/snapshots', asked)).operation;
  }

  /** Brings one back in place; what is there is kept as `result.safetySnapshotId`, unless that is refused. */
  async restore(id: string, body: SnapshotRestore = {}, options?: OperationOptions): Promise<Operation> {
    const asked = { params: { botId: this.#botId, id }, body, options };
    return (await this.#http.json('restoreSnapshot', 'POST', '/v1/bots/:botId/snapshots/:id/restore', asked)).operation;
  }

  async delete(id: string, options?: OperationOptions): Promise<Operation> {
    const asked = { params: { botId: this.#botId, id }, options };
    return (await this.#http.json('deleteSnapshot', 'DELETE', '/v1/bots/:botId/snapshots/:id', asked)).operation;
  }
}
