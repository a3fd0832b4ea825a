import { routes, SCOPES, type Scope } from '#contracts';
import { once } from '#operations';
import { AccessStore, IdempotencyStore, type ApiKeyRecord } from '#persistence';
import type { SecretBox } from '#platform';
import { Controller, Inject } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { validate as isUuid } from 'uuid';
import { generateApiKey } from '../access/api-key.js';
import { Authenticator } from '../access/authenticator.js';
import type { Caller } from '../access/caller.js';
import { Call, Endpoint, type CallOf } from '../http/endpoint.js';
import { idempotencyOf } from '../http/headers.js';
import { ApiError } from '../http/problem.js';
import { SECRETS } from '../tokens.js';
import { toPage } from './page.js';

type AnyCall = Pick<CallOf<typeof routes.createApiKey>, 'caller' | 'request' | 'reply'>;

interface Done {
  body: unknown;
  /** Of the body, with its secret left out: that is shown but once, and kept nowhere. */
  kept?: unknown;
}

@Controller()
export class KeysController {
  constructor(
    private readonly access: AccessStore,
    private readonly idempotency: IdempotencyStore,
    private readonly authenticator: Authenticator,
    @Inject(SECRETS) private readonly secrets: SecretBox,
  ) {}

  @Endpoint(routes.createApiKey)
  create(@Call() call: CallOf<typeof routes.createApiKey>): Promise<unknown> {
    const { caller, body } = call;
    return this.#once(call, 201, async () => {
      refuseWider(caller, body.scopes);
      const expiresAt = body.expiresAt ? new Date(body.expiresAt) : null;
      if (expiresAt && expiresAt.getTime() <= Date.now()) {
        throw new ApiError('validation_failed', 'expiresAt: must lie in the future', {
          errors: [{ path: 'expiresAt', message: 'must lie in the future' }],
        });
      }
      const { id, token, secretHash } = generateApiKey();
      const key = await this.access.createKey(caller.tenant.id, {
        id,
        name: body.name,
        scopes: body.scopes,
        secretHash,
        expiresAt,
      });
      const shown = present(key);
      return { body: { ...shown, secret: token }, kept: { ...shown, secret: null } };
    });
  }

  @Endpoint(routes.listApiKeys)
  async list(@Call() { caller, query }: CallOf<typeof routes.listApiKeys>) {
    const keys = await this.access.listKeys(caller.tenant.id, query.cursor ?? null, query.limit + 1);
    return toPage('keys', keys.map(present), query.limit, (key) => key.id);
  }

  @Endpoint(routes.deleteApiKey)
  delete(@Call() call: CallOf<typeof routes.deleteApiKey>): Promise<unknown> {
    const { id } = call.params;
    return this.#once(call, 204, async () => {
      const deleted = isUuid(id) && (await this.access.deleteKey(call.caller.tenant.id, id));
      if (!deleted) throw new ApiError('api_key_not_found', `There is no API key "${id}".`);
      this.authenticator.forget(id);
      return { body: undefined };
    });
  }

  @Endpoint(routes.createTenant)
  createTenant(@Call() call: CallOf<typeof routes.createTenant>): Promise<unknown> {
    const { name } = call.body;
    return this.#once(call, 201, async () => {
      const { id, token, secretHash } = generateApiKey();
      const scopes = SCOPES.filter((scope) => scope !== 'nodes:admin');
      const slug = `t${randomBytes(6).toString('hex')}`;
      const made = await this.access.createTenant(
        { name, slug },
        { id, name: 'first key', scopes, secretHash, expiresAt: null },
      );
      if (!made) throw new ApiError('name_taken', `There is a tenant "${name}" already.`);
      const { tenant, key } = made;
      const shown = { id: tenant.id, name: tenant.name, createdAt: tenant.createdAt };
      const apiKey = present(key);
      return {
        body: { ...shown, apiKey: { ...apiKey, secret: token } },
        kept: { ...shown, apiKey: { ...apiKey, secret: null } },
      };
    });
  }

  /** Runs at most once per Idempotency-Key, and answers again with what may be kept of the first answer. */
  async #once({ caller, request, reply }: AnyCall, statusCode: number, run: () => Promise<Done>): Promise<unknown> {
    const key = idempotencyOf(request);
    void reply.status(statusCode);
    if (!key) return (await run()).body;
    const perform = async () => ({ statusCode, ...(await run()) });
    const answer = await once(this.idempotency, this.secrets, caller.tenant.id, key, perform);
    if (answer.replayed) void reply.header('idempotent-replayed', 'true');
    return answer.body ?? undefined;
  }
}

/** A key never makes one wider than itself. */
function refuseWider(caller: Caller, scopes: Scope[]): void {
  const wider = scopes.filter((scope) => !caller.scopes.has(scope));
  if (wider.length > 0) throw new ApiError('forbidden', `A key cannot grant what it lacks: ${wider.join(', ')}.`);
}

function present(key: ApiKeyRecord) {
  const { id, name, scopes, createdAt, expiresAt, lastUsedAt } = key;
  return { id, name, scopes, createdAt, expiresAt, lastUsedAt };
}
