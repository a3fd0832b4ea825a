import { Client } from 'pg';

/** Puts stopped bots into the tenant `default`, as many as a large installation has. */
export async function seedBots(databaseUrl: string, prefix: string, n: number, nodeId: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(
      `INSERT INTO bot (key, tenant_id, bot_id, version, state, projected, node_id, incarnation, settings)
       SELECT gen_random_uuid(), t.id, $1 || '-' || i, 0, 'stopped', 'stopped', $3, 1,
         '{"image":"bench","resources":{"cpus":1,"memoryMb":512,"pids":256},"command":null,"network":"internet","labels":{},"autoStopSeconds":0,"env":[]}'
       FROM tenant t, generate_series(0, $2::int - 1) i WHERE t.name = 'default'`,
      [prefix, n, nodeId],
    );
    await client.query('ANALYZE bot');
  } finally {
    await client.end();
  }
}
