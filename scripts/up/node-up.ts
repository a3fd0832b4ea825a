import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { Stop } from './stop.js';

const DEADLINE_MS = 20_000;

/**
 * Waits until the worker has taken its node, so that whoever sees the API ready can create a container at once.
 * Gives up quietly: a Docker Engine that is away is told by the API, and comes back.
 */
export async function untilNodeUp(databaseUrl: string, nodeId: string, stop: Stop): Promise<void> {
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    const deadline = Date.now() + DEADLINE_MS;
    // Only a heartbeat of the worker that was just started counts.
    const { rows } = await client.query<{ now: Date }>('SELECT now()');
    while (Date.now() < deadline) {
      stop.signal.throwIfAborted();
      const text = 'SELECT 1 FROM node WHERE id = $1 AND up AND heartbeat_at > $2';
      if ((await client.query(text, [nodeId, rows[0]?.now])).rowCount === 1) return;
      await delay(25);
    }
  } finally {
    await client.end();
  }
}
