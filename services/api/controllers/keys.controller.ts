import { routes, SCOPES, type Scope } from '#contracts';
import { AccessStore, IdempotencyStore, type ApiKeyRecord } from '#persistence';
import type { SecretBox } from '#platform';
import { Controller, Inject } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { validate as isUuid } from 'uuid';
import { generateApiKey } from '../access/api-key.js';
import { Authenticator } from '../access/authenticator.js';
import type { Caller } from '../access/caller.js';
import { Call, Endpoint, type CallOf } from '../http/endpoint.js';
import { answerOnce } from '../http/once.js';
import { ApiError } from '../http/problem.js';
import { SECRETS } from '../tokens.js';
import { toPage } from './page.js';

/** A key as its maker sees it: the secret is shown in the first answer, and null wherever that is repeated. */
interface MadeKey extends ReturnType<typeof present> {
  secret: string | null;
}
interface MadeTenant {
  id: string;
  name: string;
  createdAt: string;
  apiKey: MadeKey;
}

@Controller()
export class KeysController {
  constructor(
    private readonly access: AccessStore,
    readonly idempotency: IdempotencyStore,
    private readonly authenticator: Authenticator,
    @Inject(SECRETS) readonly secrets: SecretBox,
  ) {}

  @Endpoint(routes.whoami)
  whoami(@Call() { caller }: CallOf<typeof routes.whoami>) {
    const { name, keyId, isOperator, tenant } = caller;
    const scopes = SCOPES.filter((scope) => caller.scopes.has(scope));
    return { name, keyId, scopes, isOperator, tenant: { id: tenant.id, name: tenant.name } };
  }

  @Endpoint(routes.createApiKey)
  create(@Call() call: CallOf<typeof routes.createApiKey>): Promise<MadeKey> {
    const { caller, body } = call;
    const run = async (): Promise<MadeKey> => {
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
      return { ...present(key), secret: token };
    };
    return answerOnce(this, call, { statusCode: 201, run, kept: withoutSecret });
  }

  @Endpoint(routes.listApiKeys)
  async list(@Call() { caller, query }: CallOf<typeof routes.listApiKeys>) {
    const keys = await this.access.listKeys(caller.tenant.id, query.cursor ?? null, query.limit + 1);
    return toPage('keys', keys.map(present), query.limit, (key) => key.id);
  }

  @Endpoint(routes.deleteApiKey)
  delete(@Call() call: CallOf<typeof routes.deleteApiKey>): Promise<void> {
    const { id } = call.params;
    const run = async (): Promise<void> => {
      const deleted = isUuid(id) && (await this.access.deleteKey(call.caller.tenant.id, id));
      if (!deleted) throw new ApiError('api_key_not_found', `There is no API key "${id}".`);
      this.authenticator.forget(id);
    };
    return answerOnce(this, call, { statusCode: 204, run });
  }

  @Endpoint(routes.createTenant)
  createTenant(@Call() call: CallOf<typeof routes.createTenant>): Promise<MadeTenant> {
    const { name } = call.body;
    const run = async (): Promise<MadeTenant> => {
      const { id, token, secretHash } = generateApiKey();
      const scopes = SCOPES.filter((scope) => scope !== 'nodes:admin');
      const slug = `t${randomBytes(6).toString('hex')}`;
      const made = await this.access.createTenant(
        { name, slug },
        { id, name: 'first key', scopes, secretHash, expiresAt: null },
      );
      if (!made) throw new ApiError('name_taken', `There is a tenant "${name}" already.`);
      const { tenant, key } = made;
      const apiKey = { ...present(key), secret: token };
      return { id: tenant.id, name: tenant.name, createdAt: tenant.createdAt, apiKey };
    };
    const kept = (made: MadeTenant): MadeTenant => ({ ...made, apiKey: withoutSecret(made.apiKey) });
    return answerOnce(this, call, { statusCode: 201, run, kept });
  }
}

const withoutSecret = (key: MadeKey): MadeKey => ({ ...key, secret: null });

/** A key never makes one wider than itself. */
function refuseWider(caller: Caller, scopes: Scope[]): void {
  const wider = scopes.filter((scope) => !caller.scopes.has(scope));
  if (wider.length > 0) throw new ApiError('forbidden', `A key cannot grant what it lacks: ${wider.join(', ')}.`);
}

function present(key: ApiKeyRecord) {
  const { id, name, scopes, createdAt, expiresAt, lastUsedAt } = key;
  return { id, name, scopes, createdAt, expiresAt, lastUsedAt };
}
