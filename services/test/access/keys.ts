import { apiKeyPage, apiKeyWithSecretSchema, SCOPES, tenantSchema, type Scope } from '#contracts';
import { waitFor } from '#testing';
import { beforeAll, expect, test } from '@jest/globals';
import { createHash, randomUUID } from 'node:crypto';
import { exactly, expectProblem } from '../support/exact.js';
import type { System } from '../support/system.js';
import { allRows, makeKey, makeTenant, shown, withDatabase, type Tenant } from '../support/tenants.js';

/** How long a revoked key may still be believed, and then some. */
const REVOKED_MS = 6_000;

/** Keys and tenants themselves: who makes them, what they show, and how they end. */
export function keys(system: () => System): void {
  let tenant: Tenant;
  beforeAll(async () => {
    tenant = await makeTenant(system());
  });

  test('tenants are the operator’s alone, and their names are taken once', async () => {
    const name = `one of a kind ${randomUUID()}`;
    const made = await system().http.post('/v1/tenants', { name });
    expect(made.status).toBe(201);
    const { apiKey } = exactly(tenantSchema, made.body);
    expect([...apiKey.scopes].sort()).toEqual(SCOPES.filter((scope) => scope !== 'nodes:admin').sort());
    expectProblem(await system().http.post('/v1/tenants', { name }), 409, 'name_taken');
    expectProblem(await system().http.post('/v1/tenants', { name: 'default' }), 409, 'name_taken');

    const widest = await makeKey(system().http, [...SCOPES]);
    for (const key of [widest.secret, apiKey.secret]) {
      const body = { name: `another ${randomUUID()}` };
      expectProblem(await system().services.http(key).post('/v1/tenants', body), 403, 'forbidden');
    }
    const racing = await Promise.all(
      Array.from({ length: 5 }, () => system().http.post('/v1/tenants', { name: `racing ${name}` })),
    );
    expect(racing.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
  });

  test('a key never makes one wider than itself', async () => {
    const admin = await makeKey(tenant.http, ['keys:admin', 'containers:read']);
    const http = system().services.http(admin.secret);
    for (const scopes of [['containers:write'], ['containers:read', 'nodes:admin'], [...SCOPES]] as Scope[][]) {
      const problem = expectProblem(await http.post('/v1/api-keys', { name: 'wider', scopes }), 403, 'forbidden');
      for (const scope of scopes.filter((each) => each !== 'containers:read' && each !== 'keys:admin')) {
        expect(problem.detail).toContain(scope);
      }
    }
    const child = await makeKey(http, ['keys:admin', 'containers:read']);
    const grandchild = system()
      .services.http(child.secret)
      .post('/v1/api-keys', { name: 'x', scopes: ['audit:read'] });
    expectProblem(await grandchild, 403, 'forbidden');
    expectProblem(await tenant.http.post('/v1/api-keys', { name: 'x', scopes: ['nodes:admin'] }), 403, 'forbidden');
    const { items } = exactly(apiKeyPage, (await tenant.http.get('/v1/api-keys')).body);
    expect(items.map(({ name }) => name)).not.toContain('wider');
  });

  test('a secret is shown once, and only its hash is kept', async () => {
    const { services } = system();
    const headers = { 'idempotency-key': randomUUID() };
    const body = { name: 'shown once', scopes: ['containers:read'] };
    const first = await tenant.http.post('/v1/api-keys', body, headers);
    const made = exactly(apiKeyWithSecretSchema, first.body);
    expect(made).toMatchObject({ name: 'shown once', scopes: ['containers:read'], expiresAt: null, lastUsedAt: null });
    // The same request again makes no second key, and shows the first one without its secret.
    const again = await tenant.http.post('/v1/api-keys', body, headers);
    expect(again).toMatchObject({ status: 201, body: { ...made, secret: null } });
    exactly(apiKeyWithSecretSchema, again.body);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    const tenants = async () => system().http.post('/v1/tenants', { name: headers['idempotency-key'] }, headers);
    const [founded, refounded] = [await tenants(), await tenants()];
    const { apiKey } = exactly(tenantSchema, founded.body);
    expect(apiKey.secret).toMatch(/^berth_/);
    expect(refounded).toMatchObject({
      status: 201,
      body: { ...(founded.body as object), apiKey: { ...apiKey, secret: null } },
    });
    expect(refounded.headers.get('idempotent-replayed')).toBe('true');

    expect((await services.http(shown(made.secret)).get('/v1/bots')).status).toBe(200);
    const { items } = exactly(apiKeyPage, (await tenant.http.get('/v1/api-keys')).body);
    expect(items.filter(({ id }) => id === made.id)).toHaveLength(1);
    expect(items.map((item) => Object.keys(item)).flat()).not.toContain('secret');

    const secret = shown(made.secret).slice(-43);
    const [row] = await withDatabase(system(), (database) =>
      database.query<{ hash: string }>('SELECT secret_hash AS hash FROM api_key WHERE id = $1::uuid', [made.id]),
    );
    expect(row?.hash).toBe(createHash('sha256').update(secret).digest('hex'));
    const everything = (await allRows(system())) + services.api.logs() + services.worker.logs();
    for (const each of [secret, tenant.key.slice(-43), services.apiKey]) expect(everything).not.toContain(each);
  });

  test('keys are listed newest first, page by page', async () => {
    const made: string[] = [];
    for (let count = 0; count < 3; count += 1) made.unshift((await makeKey(tenant.http, ['audit:read'])).id);
    const first = exactly(apiKeyPage, (await tenant.http.get('/v1/api-keys?limit=2')).body);
    expect(first.items.map(({ id }) => id)).toEqual(made.slice(0, 2));
    const second = exactly(apiKeyPage, (await tenant.http.get(`/v1/api-keys?limit=2&cursor=${first.nextCursor}`)).body);
    expect(second.items[0]?.id).toBe(made[2]);
  });

  test('a key that was used ends soon after it is revoked, or when its time is up', async () => {
    const used = await makeKey(tenant.http, ['containers:read']);
    const soon = await makeKey(tenant.http, ['containers:read'], new Date(Date.now() + 1_000).toISOString());
    const [revoked, expiring] = [used, soon].map(({ secret }) => system().services.http(secret));
    expect((await revoked?.get('/v1/bots'))?.status).toBe(200);
    expect((await expiring?.get('/v1/bots'))?.status).toBe(200);
    expect((await tenant.http.delete(`/v1/api-keys/${used.id}`)).status).toBe(204);
    expectProblem(await tenant.http.delete(`/v1/api-keys/${used.id}`), 404, 'api_key_not_found');
    for (const client of [revoked, expiring]) {
      await waitFor(async () => (await client?.get('/v1/bots'))?.status === 401, {
        what: 'the key to be refused',
        deadlineMs: REVOKED_MS,
      });
    }
  });

  test('an Idempotency-Key is the tenant’s own', async () => {
    const headers = { 'idempotency-key': 'the same for all', prefer: 'wait=30' };
    const mine = system().bot('same-key');
    const theirs = system().bot('same-key', tenant.http);
    const answers = [await mine.askCreate({ labels: { of: 'us' } }, headers)];
    // Another request under the key, were it the same tenant's.
    answers.push(await theirs.askCreate({ labels: { of: 'them' } }, headers));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    for (const answer of answers) expect(answer.headers.get('idempotent-replayed')).toBeNull();
    expect((await mine.get()).labels).toEqual({ of: 'us' });
    expect((await theirs.get()).labels).toEqual({ of: 'them' });
    expect((await mine.get()).containerId).not.toBe((await theirs.get()).containerId);
    const volumes = await mine.volumes();
    expect(volumes).toHaveLength(2);
    await theirs.run('delete', undefined, '?purgeData=true');
    expect(await mine.volumes()).toEqual([`berth-default-${mine.id}-data`]);
    expect((await mine.get()).status).toBe('stopped');
  });
}
