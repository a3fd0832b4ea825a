import type { Http } from './http.js';
import type { CallOptions, ChangeOptions } from './options.js';
import { allOf } from './pages.js';
import type {
  ApiKey,
  ApiKeyCreate,
  ApiKeyPage,
  ApiKeyQuery,
  ApiKeyWithSecret,
  Node,
  NodePage,
  NodeQuery,
  Tenant,
  TenantCreate,
} from './types.js';

/** The tenant's API keys. */
export class Keys {
  readonly #http: Http;

  /** @internal */
  constructor(http: Http) {
    this.#http = http;
  }

  /** Never wider than its maker. The secret is in this answer alone, and null where a first answer was lost. */
  create(body: ApiKeyCreate, options?: ChangeOptions): Promise<ApiKeyWithSecret> {
    return this.#http.json('createApiKey', 'POST', '/v1/api-keys', { body, options });
  }

  list(query: ApiKeyQuery = {}, options?: CallOptions): Promise<ApiKeyPage> {
    return this.#http.json('listApiKeys', 'GET', '/v1/api-keys', { query, options });
  }

  all(query: Omit<ApiKeyQuery, 'cursor'> = {}, options?: CallOptions): AsyncGenerator<ApiKey, void, undefined> {
    return allOf((cursor) => this.list({ ...query, cursor }, options));
  }

  /** Revokes it; open connections of its end within 5 s. */
  async delete(id: string, options?: ChangeOptions): Promise<void> {
    await this.#http.json('deleteApiKey', 'DELETE', '/v1/api-keys/:id', { params: { id }, options });
  }
}

/** For the operator alone. */
export class Tenants {
  readonly #http: Http;

  /** @internal */
  constructor(http: Http) {
    this.#http = http;
  }

  /** A tenant with its first key. */
  create(body: TenantCreate, options?: ChangeOptions): Promise<Tenant> {
    return this.#http.json('createTenant', 'POST', '/v1/tenants', { body, options });
  }
}

/** The Docker hosts. */
export class Nodes {
  readonly #http: Http;

  /** @internal */
  constructor(http: Http) {
    this.#http = http;
  }

  list(query: NodeQuery = {}, options?: CallOptions): Promise<NodePage> {
    return this.#http.json('listNodes', 'GET', '/v1/nodes', { query, options });
  }

  all(query: Omit<NodeQuery, 'cursor'> = {}, options?: CallOptions): AsyncGenerator<Node, void, undefined> {
    return allOf((cursor) => this.list({ ...query, cursor }, options));
  }

  get(id: string, options?: CallOptions): Promise<Node> {
    return this.#http.json('getNode', 'GET', '/v1/nodes/:id', { params: { id }, options });
  }
}
