import { BerthConnectionError, OperationFailed } from './errors.js';
import type { Http } from './http.js';
import type { CallOptions, ChangeOptions } from './options.js';
import { allOf } from './pages.js';
import type { Operation, OperationPage, OperationQuery } from './types.js';

export interface WaitOptions extends CallOptions {
  /** Past this it is a BerthConnectionError, whatever becomes of the operation; without it there is no end to it. */
  timeoutMs?: number;
  /** False: answer with a failed or cancelled operation instead of throwing OperationFailed. */
  throwOnFailure?: boolean;
}

/** As long as one call may wait. Seconds. */
const LONGEST_WAIT = 60;

/** What was accepted, and what became of it. */
export class Operations {
  readonly #http: Http;

  /** @internal */
  constructor(http: Http) {
    this.#http = http;
  }

  /** One page, newest first. */
  list(query: OperationQuery = {}, options?: CallOptions): Promise<OperationPage> {
    return this.#http.json('listOperations', 'GET', '/v1/operations', { query, options });
  }

  /** All of them, newest first. */
  all(query: Omit<OperationQuery, 'cursor'> = {}, options?: CallOptions): AsyncGenerator<Operation, void, undefined> {
    return allOf((cursor) => this.list({ ...query, cursor }, options));
  }

  /** With `wait`, seconds up to 60: when it has ended, or then. */
  get(id: string, { wait, ...options }: CallOptions & { wait?: number } = {}): Promise<Operation> {
    const asked = { params: { id }, query: { wait }, options };
    return this.#http.json('getOperation', 'GET', '/v1/operations/:id', asked);
  }

  /** A waiting one ends at once, a running one as soon as it can, an ended one is left as it is. */
  cancel(id: string, options?: ChangeOptions): Promise<Operation> {
    return this.#http.json('cancelOperation', 'POST', '/v1/operations/:id/cancel', { params: { id }, options });
  }

  /** Answers when it has ended. Throws OperationFailed where it did not succeed. */
  async wait(
    idOrOperation: string | Operation,
    { timeoutMs = Infinity, throwOnFailure = true, signal }: WaitOptions = {},
  ): Promise<Operation> {
    const deadline = Date.now() + timeoutMs;
    let operation = typeof idOrOperation === 'string' ? null : idOrOperation;
    const id = typeof idOrOperation === 'string' ? idOrOperation : idOrOperation.id;
    while (operation?.finishedAt == null) {
      const left = deadline - Date.now();
      if (left <= 0) throw new BerthConnectionError(`Operation ${id} has not ended in ${timeoutMs} ms.`);
      operation = await this.get(id, { wait: Math.min(LONGEST_WAIT, Math.ceil(left / 1000)), signal });
    }
    if (throwOnFailure && operation.status !== 'succeeded') throw new OperationFailed(operation);
    return operation;
  }
}
