import { SCOPES } from '#contracts';
import type { AccessStore } from '#persistence';
import { hashSecret, parseApiKey, sameHash } from './api-key.js';
import type { Caller } from './caller.js';

/** A revoked key works no longer than this; with what Connections adds, its last connection ends within 5 s. */
const TRUST_MS = 2_000;
const CACHE_LIMIT = 1_000;
const TOUCH_MS = 60_000;

/** Tells who a token is. Answers are trusted for a few seconds, so that a busy key does not cost a query a call. */
export class Authenticator {
  readonly #known = new Map<string, { caller: Caller; until: number }>();
  readonly #used = new Set<string>();
  readonly #operatorHash: string;
  #operatorTenant: { id: string; slug: string; name: string } | null = null;
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly store: AccessStore,
    operatorKey: string,
  ) {
    this.#operatorHash = hashSecret(operatorKey);
    this.#timer = setInterval(() => void this.#touch(), TOUCH_MS).unref();
  }

  /** Null where the token proves nobody. Throws DatabaseFault. */
  async authenticate(token: string): Promise<Caller | null> {
    const hash = hashSecret(token);
    const known = this.#known.get(hash);
    if (known && known.until > Date.now()) return known.caller;
    this.#known.delete(hash);
    const caller = sameHash(hash, this.#operatorHash) ? await this.#operator() : await this.#keyHolder(token);
    if (!caller) return null;
    if (this.#known.size >= CACHE_LIMIT) this.#known.clear();
    this.#known.set(hash, { caller, until: Date.now() + TRUST_MS });
    return caller;
  }

  /** A key that was revoked here is not trusted a moment longer here. */
  forget(keyId: string): void {
    for (const [hash, { caller }] of this.#known) if (caller.keyId === keyId) this.#known.delete(hash);
  }

  /** Of the keys of open connections, those that are still good. */
  alive(keyIds: string[]): Promise<Set<string>> {
    return this.store.aliveKeys(keyIds);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #operator(): Promise<Caller> {
    this.#operatorTenant ??= await this.store.findTenantByName('default');
    if (!this.#operatorTenant) throw new Error('the tenant "default" is missing: run the migrations');
    const { id, slug, name } = this.#operatorTenant;
    return { tenant: { id, slug, name }, keyId: null, name: 'operator', scopes: new Set(SCOPES), isOperator: true };
  }

  async #keyHolder(token: string): Promise<Caller | null> {
    const parsed = parseApiKey(token);
    const found = parsed && (await this.store.findKey(parsed.id));
    if (!found || !sameHash(parsed.secretHash, found.key.secretHash)) return null;
    const { key, tenant } = found;
    if (key.expiresAt !== null && Date.parse(key.expiresAt) <= Date.now()) return null;
    this.#used.add(key.id);
    return { tenant, keyId: key.id, name: key.name, scopes: new Set(key.scopes), isOperator: false };
  }

  async #touch(): Promise<void> {
    const ids = [...this.#used];
    this.#used.clear();
    if (ids.length > 0) await this.store.touchKeys(ids).catch(() => undefined);
  }
}
