import { createTestDatabase, waitFor } from '#testing';
import { Client } from 'pg';
import { createDatabase, type Database } from '../index.js';

/** A database of its own, a way to it as the services have, and connections by hand for what must stay open. */
export interface Bed {
  url: string;
  database: Database;
  tenantId: string;
  connect(): Promise<Client>;
  close(): Promise<void>;
}

export async function openBed(): Promise<Bed> {
  const test = await createTestDatabase();
  const database = createDatabase({ url: test.url, poolSize: 10, applicationName: 'persistence-test' });
  const clients: Client[] = [];
  const [tenant] = await database.query<{ id: string }>(`SELECT id FROM tenant WHERE name = 'default'`);
  if (!tenant) throw new Error('the default tenant is missing');
  return {
    url: test.url,
    database,
    tenantId: tenant.id,
    async connect() {
      const client = new Client({ connectionString: test.url });
      client.on('error', () => undefined);
      await client.connect();
      clients.push(client);
      return client;
    },
    async close() {
      await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
      await database.close();
      await test.drop();
    },
  };
}

/** Returns the bot's key. */
export async function addBot({ database }: Bed, tenantId: string, botId: string): Promise<string> {
  const [bot] = await database.query<{ key: string }>(
    `INSERT INTO bot (key, tenant_id, bot_id) VALUES (gen_random_uuid(), $1, $2) RETURNING key`,
    [tenantId, botId],
  );
  if (!bot) throw new Error('the bot was not made');
  return bot.key;
}

export async function addTenant({ database }: Bed, name: string): Promise<string> {
  const [tenant] = await database.query<{ id: string }>(
    `INSERT INTO tenant (id, name, slug) VALUES (gen_random_uuid(), $1, $1) RETURNING id`,
    [name],
  );
  if (!tenant) throw new Error('the tenant was not made');
  return tenant.id;
}

const DATA = JSON.stringify({ status: 'running', previousStatus: 'stopped' });

/** Writes a bot's next event as the commit statement does: with the bot's row, so that its versions follow each other. */
export const WRITE_EVENT = `WITH done AS (UPDATE bot SET version = version + 1 WHERE key = $1 RETURNING *)
  INSERT INTO event (tenant_id, bot_key, bot_id, version, type, data)
  SELECT tenant_id, key, bot_id, version, 'container.status', '${DATA}' FROM done RETURNING version`;

/** Until a statement of this database waits for a lock that another session holds. */
export async function untilSomebodyWaits(client: Client): Promise<void> {
  const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  await waitFor(async () => (await client.query(waiting)).rowCount, { what: 'a statement to wait for a lock' });
}
