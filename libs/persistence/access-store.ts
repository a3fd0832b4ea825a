import { SCOPES, type Scope } from '#contracts';
import { v7 as uuidv7 } from 'uuid';
import type { Database } from './database.js';
import { DatabaseFault } from './faults.js';

export interface ApiKeyRecord {
  id: string;
  tenantId: string;
  name: string;
  scopes: Scope[];
  secretHash: string;
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
}

export interface TenantRecord {
  id: string;
  name: string;
  slug: string;
  createdAt: string;
}

interface ApiKeyRow {
  id: string;
  tenantId: string;
  name: string;
  scopes: string[];
  secretHash: string;
  createdAt: Date;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
}

const toRecord = (row: ApiKeyRow): ApiKeyRecord => ({
  ...row,
  scopes: SCOPES.filter((scope) => row.scopes.includes(scope)),
  createdAt: row.createdAt.toISOString(),
  expiresAt: row.expiresAt?.toISOString() ?? null,
  lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
});

/** Tenants and their API keys. Secrets are hashed before they get here. */
export class AccessStore {
  constructor(private readonly database: Database) {}

  async findTenantByName(name: string): Promise<TenantRecord | null> {
    const row = await this.database.models((prisma) => prisma.tenant.findUnique({ where: { name } }));
    return row && { ...row, createdAt: row.createdAt.toISOString() };
  }

  /** Null where the name is taken. */
  async createTenant(
    tenant: { name: string; slug: string },
    key: NewApiKey,
  ): Promise<{ tenant: TenantRecord; key: ApiKeyRecord } | null> {
    try {
      const row = await this.database.models((prisma) =>
        prisma.tenant.create({
          data: { id: uuidv7(), ...tenant, apiKeys: { create: key } },
          include: { apiKeys: true },
        }),
      );
      const { apiKeys, ...made } = row;
      const first = apiKeys[0];
      if (!first) throw new Error('the tenant was made without its key');
      return { tenant: { ...made, createdAt: made.createdAt.toISOString() }, key: toRecord(first) };
    } catch (error) {
      if (error instanceof DatabaseFault && error.kind === 'conflict') return null;
      throw error;
    }
  }

  async createKey(tenantId: string, key: NewApiKey): Promise<ApiKeyRecord> {
    return toRecord(await this.database.models((prisma) => prisma.apiKey.create({ data: { ...key, tenantId } })));
  }

  /** Whatever tenant it belongs to: this is how a caller's tenant becomes known. */
  async findKey(id: string): Promise<{ key: ApiKeyRecord; tenant: Omit<TenantRecord, 'createdAt'> } | null> {
    const row = await this.database.models((prisma) =>
      prisma.apiKey.findUnique({
        where: { id },
        include: { tenant: { select: { id: true, slug: true, name: true } } },
      }),
    );
    if (!row) return null;
    const { tenant, ...key } = row;
    return { key: toRecord(key), tenant };
  }

  /** Of these keys, those that are alive now. */
  async aliveKeys(ids: string[]): Promise<Set<string>> {
    const rows = await this.database.models((prisma) =>
      prisma.apiKey.findMany({
        where: { id: { in: ids }, OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] },
        select: { id: true },
      }),
    );
    return new Set(rows.map((row) => row.id));
  }

  async listKeys(tenantId: string, beforeId: string | null, limit: number): Promise<ApiKeyRecord[]> {
    const rows = await this.database.models((prisma) =>
      prisma.apiKey.findMany({
        where: { tenantId, ...(beforeId !== null && { id: { lt: beforeId } }) },
        orderBy: { id: 'desc' },
        take: limit,
      }),
    );
    return rows.map(toRecord);
  }

  /** False where the tenant has no such key. */
  async deleteKey(tenantId: string, id: string): Promise<boolean> {
    const { count } = await this.database.models((prisma) => prisma.apiKey.deleteMany({ where: { id, tenantId } }));
    return count === 1;
  }

  /** Called rarely, not on each request. */
  async touchKeys(ids: string[]): Promise<void> {
    await this.database.models((prisma) =>
      prisma.apiKey.updateMany({ where: { id: { in: ids } }, data: { lastUsedAt: new Date() } }),
    );
  }
}

export interface NewApiKey {
  id: string;
  name: string;
  scopes: Scope[];
  secretHash: string;
  expiresAt: Date | null;
}
