import { addTenant, type Bed } from './bed.js';

const BOTS = 10_000;
/** Of them in the one large tenant. */
export const LARGE = 9_000;
const NODES = 20;
const SMALL_TENANTS = 40;

/**
 * An installation that has been busy for a while: 10,000 bots of a large and forty small tenants on 20 nodes, 50,000
 * ended operations, 50,000 events, and lanes in which something waits or runs. Returns one of the small tenants.
 */
export async function seed(bed: Bed): Promise<string> {
  const { tenantId } = bed;
  // By hand: on a busy machine this takes longer than a service may wait for a statement.
  const client = await bed.connect();
  const small: string[] = [];
  for (let n = 0; n < SMALL_TENANTS; n += 1) small.push(await addTenant(bed, `small${n}`));
  await client.query(
    `INSERT INTO node (id, epoch, up, heartbeat_at) SELECT 'node-' || n, 1, n > 2, now() FROM generate_series(1, ${NODES}) n`,
  );
  await client.query(
    `INSERT INTO bot (key, tenant_id, bot_id, version, seq, state, projected, node_id, container_id, settings)
     SELECT gen_random_uuid(), CASE WHEN n / 10 % 10 = 3 THEN ($2::uuid[])[1 + n / 100 % ${SMALL_TENANTS}] ELSE $1::uuid END, 'bot-' || lpad(n::text, 5, '0'), 5, 5, s, s,
       'node-' || (1 + n % ${NODES}), md5(n::text),
       '{"image":"debian","resources":{"cpus":1,"memoryMb":512,"pids":256},"command":null,"network":"internet","labels":{},"autoStopSeconds":0,"env":[]}'
     FROM generate_series(1, ${BOTS}) n,
       LATERAL (SELECT (ARRAY['running', 'running', 'stopped', 'paused', 'failed', 'absent', 'unknown'])[1 + n % 7] AS s) state`,
    [tenantId, small],
  );
  // Ids as the application makes them: the time, then what is random.
  await client.query(
    `INSERT INTO operation (id, tenant_id, bot_key, seq, kind, status, digest, target, requested_by, created_at, deadline_at, finished_at)
     SELECT ${uuidAt('n * 1000')}, b.tenant_id, b.key, n,
       'container.' || (ARRAY['create', 'start', 'stop', 'restart', 'pause', 'resume', 'delete'])[1 + abs(hashtext(b.key::text || n)) % 7],
       (ARRAY['succeeded', 'succeeded', 'succeeded', 'failed', 'cancelled'])[1 + abs(hashtext(n || b.bot_id)) % 5], '', 'running', '{"type":"apiKey","id":"k","name":"n"}',
       now() - interval '1 day', now() - interval '23 h', now() - interval '20 h'
     FROM bot b, generate_series(1, 5) n`,
  );
  await client.query(
    `INSERT INTO event (txid, tenant_id, bot_key, bot_id, version, type, data)
     SELECT 10 + n, b.tenant_id, b.key, b.bot_id, n, 'container.status', '{"status":"running","previousStatus":"stopped"}'
     FROM generate_series(1, 5) n, bot b`,
  );
  // One lane in ten: something runs there and two wait; of one in twenty-five only the waiting is left.
  await client.query(
    `INSERT INTO operation (id, tenant_id, bot_key, seq, kind, status, digest, target, requested_by, deadline_at,
       claim_epoch, claimed_by, lease_expires_at, dispatched_at, dispatch)
     SELECT ${uuidAt('10000 + n')}, b.tenant_id, b.key, 5 + n, 'container.restart',
       CASE WHEN n = 1 AND right(b.bot_id, 2) <> '10' THEN 'running' ELSE 'queued' END, '', 'running', '{}', now() + interval '1 h',
       5, b.node_id, CASE WHEN n = 1 AND right(b.bot_id, 2) <> '10' THEN now() + interval '30 s' END, now(), 1
     FROM bot b, generate_series(1, 3) n WHERE right(b.bot_id, 1) = '0'`,
  );
  await client.query(`ANALYZE`);
  return small[0] ?? '';
}

/** A UUIDv7 of so many milliseconds ago's sort: milliseconds count up. */
const uuidAt = (milliseconds: string): string =>
  `(lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint - 86400000 + ${milliseconds}), 12, '0') || '7' ||
    substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid`;
