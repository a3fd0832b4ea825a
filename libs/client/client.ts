import { Keys, Nodes, Tenants } from './access.js';
import { Bots } from './bots.js';
import { followEvents, type EventsOptions, type StreamItem } from './events.js';
import { Http } from './http.js';
import { Live } from './live.js';
import { Operations } from './operations.js';
import type { CallOptions, ClientOptions } from './options.js';
import type { EventPage, TenantEventQuery, Whoami } from './types.js';

/**
 * Berth, from Node or a browser. Calls throw BerthError. Those that failed for a passing reason are made again, where
 * that is safe: reads, and changes under an Idempotency-Key that is made for each call.
 */
export class BerthClient {
  readonly bots: Bots;
  readonly operations: Operations;
  readonly keys: Keys;
  readonly tenants: Tenants;
  readonly nodes: Nodes;
  readonly #http: Http;

  constructor(options: ClientOptions) {
    this.#http = new Http(options);
    this.bots = new Bots(this.#http);
    this.operations = new Operations(this.#http);
    this.keys = new Keys(this.#http);
    this.tenants = new Tenants(this.#http);
    this.nodes = new Nodes(this.#http);
  }

  /** Whose key this is, and what it may do. */
  whoami(options?: CallOptions): Promise<Whoami> {
    return this.#http.json('whoami', 'GET', '/v1/whoami', { options });
  }

  /**
   * Events of one bot after a version, or of all of the tenant's bots after a cursor; without either, from now on. In
   * order, none left out and none twice, across as many connections as it takes. Ends with the signal. Throws
   * BerthError where trying again does not help.
   */
  events(options: EventsOptions = {}): AsyncGenerator<StreamItem, void, undefined> {
    return followEvents(this.#http, options);
  }

  /** One page of the tenant's events, oldest first. */
  eventPage(query: TenantEventQuery = {}, options?: CallOptions): Promise<EventPage> {
    return this.#http.json('tenantEvents', 'GET', '/v1/events', { query, options });
  }

  /** Events and terminals over one socket. */
  live(): Live {
    return new Live(this.#http);
  }
}
