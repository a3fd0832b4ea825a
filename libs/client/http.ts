import type { AnswerOf, BodyGiven, ParamsOf, QueryGiven, RouteId, Routes } from '#contracts';
import { backoffMs, pause } from './backoff.js';
import { BerthConnectionError, BerthError, errorOf, isGateway, wordsOf } from './errors.js';
import { headersOf, type ClientOptions, type Fetch, type OperationOptions } from './options.js';

/**
 * When a call is made again: `always`, since it changes nothing or is known by its Idempotency-Key; `refused`, only
 * when the answer says that nothing was begun; `never`, since its body can be sent but once.
 */
export type Repeat = 'always' | 'refused' | 'never';

/** Of a call: what its route takes, checked against the table of routes. */
export type Asked<Id extends RouteId> = PartOf<'params', ParamsOf<Routes[Id]>> &
  PartOf<'query', QueryGiven<Routes[Id]>> &
  (undefined extends BodyGiven<Routes[Id]> ? unknown : PartOf<'body', BodyGiven<Routes[Id]>>) &
  Asking;
type PartOf<Name extends string, Part> =
  Record<string, never> extends Part ? { [N in Name]?: Part } : { [N in Name]: Part };

interface Asking {
  options?: OperationOptions;
  headers?: Record<string, string>;
  repeat?: Repeat;
  /** Made anew for each attempt. */
  upload?: () => unknown;
  fetch?: Fetch;
}
interface AnyAsked extends Asking {
  params?: object;
  query?: object;
  body?: unknown;
}

/** Makes calls, and makes them again where that is safe and may help. */
export class Http {
  readonly base: string;
  readonly token: string;
  readonly #fetch: Fetch;
  readonly #retries: number;
  readonly #onRetry: (error: BerthError) => void;

  constructor({ url, token, retries = 3, fetch, onRetry = () => undefined }: ClientOptions) {
    this.base = url.replace(/\/+$/, '');
    this.token = token;
    this.#retries = retries;
    this.#fetch = fetch ?? ((to, init) => globalThis.fetch(to, init));
    this.#onRetry = onRetry;
  }

  /** The JSON that a route answers. Method and path are those of the table, or it does not compile. Throws BerthError. */
  json<Id extends RouteId>(
    id: Id,
    method: Routes[Id]['method'],
    path: Routes[Id]['path'],
    asked: Asked<Id>,
  ): Promise<AnswerOf<Routes[Id]>>;
  json(_id: string, method: string, path: string, asked: AnyAsked): Promise<unknown> {
    return this.#send(method, path, asked, async (response) =>
      response.status === 204 ? undefined : await response.json(),
    );
  }

  /** Its text. */
  text<Id extends RouteId>(
    id: Id,
    method: Routes[Id]['method'],
    path: Routes[Id]['path'],
    asked: Asked<Id>,
  ): Promise<string>;
  text(_id: string, method: string, path: string, asked: AnyAsked): Promise<string> {
    return this.#send(method, path, asked, (response) => response.text());
  }

  /** The answer as it begins, to be read by the caller. */
  open<Id extends RouteId>(
    id: Id,
    method: Routes[Id]['method'],
    path: Routes[Id]['path'],
    asked: Asked<Id>,
  ): Promise<Response>;
  open(_id: string, method: string, path: string, asked: AnyAsked): Promise<Response> {
    return this.#send(method, path, asked, async (response) => response);
  }

  async #send<T>(method: string, path: string, asked: AnyAsked, read: (response: Response) => Promise<T>): Promise<T> {
    const { options = {}, repeat = 'always' } = asked;
    // One key for all attempts: whichever of them arrived, it is done once.
    const idempotencyKey = options.idempotencyKey ?? (method !== 'GET' && repeat === 'always' ? newKey() : undefined);
    const url = this.base + filled(path, asked.params ?? {}) + queryOf(asked.query ?? {});
    const init = {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        accept: 'application/json',
        ...(asked.body !== undefined && { 'content-type': 'application/json' }),
        ...headersOf({ ...options, idempotencyKey }),
        ...asked.headers,
      },
      signal: options.signal,
    };
    for (let failures = 0; ; failures += 1) {
      try {
        const body = asked.upload ? asked.upload() : asked.body === undefined ? undefined : JSON.stringify(asked.body);
        return await this.#attempt(url, { ...init, body, duplex: 'half' } as RequestInit, asked.fetch, read);
      } catch (error) {
        if (!(error instanceof BerthError) || failures >= this.#retries || !mayRepeat(error, repeat)) throw error;
        this.#onRetry(error);
        await pause(backoffMs(failures, error.retryAfterSeconds), options.signal);
        options.signal?.throwIfAborted();
      }
    }
  }

  async #attempt<T>(
    url: string,
    init: RequestInit,
    fetch: Fetch = this.#fetch,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    try {
      const response = await fetch(url, init);
      if (!response.ok) throw await errorOf(response);
      return await read(response);
    } catch (error) {
      if (init.signal?.aborted || error instanceof BerthError) throw error;
      throw new BerthConnectionError(`${init.method} ${url} was not answered: ${wordsOf(error)}`, error);
    }
  }
}

function mayRepeat(error: BerthError, repeat: Repeat): boolean {
  if (repeat === 'refused') return error.retryable && (error.status === 409 || error.status === 429);
  return repeat === 'always' && (error.retryable || isGateway(error.status));
}

/** The path with its parameters in it. */
function filled(path: string, params: object): string {
  const values = new Map(Object.entries(params));
  return path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(values.get(name))));
}

function queryOf(query: object): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}

/** `randomUUID` is there in secure contexts alone; a page in a local network may not be one. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
