import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { AccessStore, type NewApiKey } from '../index.js';
import { addTenant, openBed, type Bed } from './bed.js';

let bed: Bed;
let access: AccessStore;

beforeAll(async () => {
  bed = await openBed();
  access = new AccessStore(bed.database);
});
afterAll(() => bed.close());

const newKey = (overrides: Partial<NewApiKey> = {}): NewApiKey => ({
  id: uuidv7(),
  name: 'ci',
  scopes: ['containers:read', 'containers:write'],
  secretHash: 'a hash',
  expiresAt: null,
  ...overrides,
});

describe('tenants', () => {
  it('have the one that the migrations make', async () => {
    expect(await access.findTenantByName('default')).toMatchObject({ id: bed.tenantId, slug: 'default' });
    expect(await access.findTenantByName('Default')).toBeNull();
  });

  it('are made together with their first key, or not at all', async () => {
    const key = newKey();
    const made = await access.createTenant({ name: 'acme', slug: 'acme1' }, key);
    expect(made?.tenant).toMatchObject({ name: 'acme', slug: 'acme1' });
    expect(made?.key).toMatchObject({ id: key.id, tenantId: made?.tenant.id, scopes: key.scopes });
    expect(await access.findKey(key.id)).toMatchObject({ tenant: { id: made?.tenant.id, slug: 'acme1' } });

    expect(await access.createTenant({ name: 'acme', slug: 'acme2' }, newKey())).toBeNull();
    expect(await access.createTenant({ name: 'halfway', slug: 'half' }, newKey({ id: key.id }))).toBeNull();
    expect(await access.findTenantByName('halfway')).toBeNull();
  });

  it('of one name are made once, though ten ask at once', async () => {
    const made = await Promise.all(
      Array.from({ length: 10 }, (_, n) => access.createTenant({ name: 'rush', slug: `rush${n}` }, newKey())),
    );
    expect(made.filter((each) => each !== null)).toHaveLength(1);
    const keys = await bed.database.query(
      `SELECT 1 FROM api_key k JOIN tenant t ON t.id = k.tenant_id WHERE t.name = 'rush'`,
    );
    expect(keys).toHaveLength(1);
  });

  it('refuse a slug that would not do in an engine’s names', async () => {
    await expect(access.createTenant({ name: 'dashed', slug: 'a-b' }, newKey())).rejects.toMatchObject({
      kind: 'other',
    });
  });
});

describe('keys', () => {
  it('are found whatever their tenant, with the scopes that still exist', async () => {
    const tenantId = await addTenant(bed, 'keyed');
    const made = await access.createKey(tenantId, newKey());
    await bed.database.query(`UPDATE api_key SET scopes = scopes || '{gone:away}'::text[] WHERE id = $1`, [made.id]);
    const found = await access.findKey(made.id);
    expect(found).toEqual({ key: made, tenant: { id: tenantId, slug: 'keyed', name: 'keyed' } });
    expect(await access.findKey(uuidv7())).toBeNull();
  });

  it('are listed newest first, page by page, and only their tenant’s', async () => {
    const [tenantId, other] = [await addTenant(bed, 'lister'), await addTenant(bed, 'neighbour')];
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.unshift((await access.createKey(tenantId, newKey({ name: `k${n}` }))).id);
    await access.createKey(other, newKey());
    const first = await access.listKeys(tenantId, null, 3);
    const second = await access.listKeys(tenantId, first.at(-1)?.id ?? null, 3);
    expect([...first, ...second].map(({ id }) => id)).toEqual(ids);
  });

  it('are revoked by their own tenant alone, and once', async () => {
    const [tenantId, other] = [await addTenant(bed, 'owner'), await addTenant(bed, 'stranger')];
    const { id } = await access.createKey(tenantId, newKey());
    expect(await access.deleteKey(other, id)).toBe(false);
    expect(await access.aliveKeys([id])).toEqual(new Set([id]));
    const revoked = await Promise.all([1, 2, 3].map(() => access.deleteKey(tenantId, id)));
    expect(revoked.filter(Boolean)).toHaveLength(1);
    expect(await access.findKey(id)).toBeNull();
  });

  it('are alive until they expire', async () => {
    const tenantId = await addTenant(bed, 'mortal');
    const soon = await access.createKey(tenantId, newKey({ expiresAt: new Date(Date.now() + 60_000) }));
    const past = await access.createKey(tenantId, newKey({ expiresAt: new Date(Date.now() - 1) }));
    const ever = await access.createKey(tenantId, newKey());
    expect(await access.aliveKeys([soon.id, past.id, ever.id, uuidv7()])).toEqual(new Set([soon.id, ever.id]));
    expect(await access.aliveKeys([])).toEqual(new Set());
    expect(past.expiresAt).toMatch(/^\d{4}-.*Z$/);
  });

  it('remember when they were last used', async () => {
    const tenantId = await addTenant(bed, 'used');
    const [one, two] = [await access.createKey(tenantId, newKey()), await access.createKey(tenantId, newKey())];
    await access.touchKeys([one.id]);
    const last = (await access.findKey(one.id))?.key.lastUsedAt;
    expect(Date.parse(last ?? '')).toBeGreaterThanOrEqual(Date.parse(one.createdAt) - 1_000);
    expect((await access.findKey(two.id))?.key.lastUsedAt).toBeNull();
  });
});
