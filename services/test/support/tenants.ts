import { apiKeyWithSecretSchema, SCOPES, tenantSchema, type Scope } from '#contracts';
import { createDatabase, type Database } from '#persistence';
import type { HttpClient } from '#testing';
import { expect } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { exactly } from './exact.js';
import type { System } from './system.js';

export interface Tenant {
  id: string;
  /** Of its first key, which has every scope but `nodes:admin`. */
  key: string;
  http: HttpClient;
}

export async function makeTenant(system: System): Promise<Tenant> {
  const name = `tenant ${randomBytes(4).toString('hex')}`;
  const { status, body } = await system.http.post('/v1/tenants', { name });
  expect(status).toBe(201);
  const { id, apiKey } = exactly(tenantSchema, body);
  const key = shown(apiKey.secret);
  return { id, key, http: system.services.http(key) };
}

export interface MadeKey {
  id: string;
  secret: string;
}

/** A key with these scopes, in the tenant of whoever asks. */
export async function makeKey(http: HttpClient, scopes: Scope[], expiresAt?: string): Promise<MadeKey> {
  const { status, body } = await http.post('/v1/api-keys', { name: 'e2e', scopes, expiresAt });
  expect(status).toBe(201);
  const { id, secret } = exactly(apiKeyWithSecretSchema, body);
  return { id, secret: shown(secret) };
}

/** A secret that must be there, since its answer is the first one. */
export function shown(secret: string | null): string {
  if (secret === null) throw new Error('the secret was not shown');
  return secret;
}

export const allBut = (scope: Scope): Scope[] => SCOPES.filter((each) => each !== scope);

/** Looks at, or changes, what no call shows or does. */
export async function withDatabase<T>(system: System, work: (database: Database) => Promise<T>): Promise<T> {
  const database = createDatabase({ url: system.databaseUrl, poolSize: 2, applicationName: 'berth-test' });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** Every row of every table that Berth keeps, as text. */
export async function allRows(system: System): Promise<string> {
  return withDatabase(system, async (database) => {
    const tables = ['tenant', 'api_key', 'node', 'bot', 'operation', 'event', 'idempotency_key'];
    const rows = await Promise.all(tables.map((table) => database.query(`SELECT t::text AS row FROM ${table} t`)));
    return JSON.stringify(rows);
  });
}

/** A key whose time was over before it was ever used. */
export async function makeExpiredKey(system: System, http: HttpClient): Promise<MadeKey> {
  const key = await makeKey(http, [...SCOPES], '2099-01-01T00:00:00Z');
  await withDatabase(system, (database) =>
    database.query(`UPDATE api_key SET expires_at = now() - interval '1 second' WHERE id = $1::uuid RETURNING id`, [
      key.id,
    ]),
  );
  return key;
}
