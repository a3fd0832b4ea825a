import type { NodeStatus } from '#domain';
import type { NodeView } from '#contracts';
import type { Database } from './database.js';

export interface NodeRegistration {
  id: string;
  engineVersion: string;
  agentUrl: string;
  cpus: number;
  memoryMb: number;
  maxCpus: number | null;
  maxMemoryMb: number | null;
}

interface NodeRow {
  id: string;
  status: Exclude<NodeStatus, 'down'>;
  up: boolean;
  engineVersion: string | null;
  agentUrl: string | null;
  cpus: number;
  memoryMb: number;
  maxCpus: number | null;
  maxMemoryMb: number | null;
  reservedCpus: number;
  reservedMemoryMb: number;
  reservedContainers: number;
  heartbeatAt: Date | null;
}

const NODE_SELECT = `SELECT n.id, n.status, n.up, n.engine_version AS "engineVersion", n.agent_url AS "agentUrl", n.cpus,
  n.memory_mb AS "memoryMb", n.max_cpus AS "maxCpus", n.max_memory_mb AS "maxMemoryMb", n.heartbeat_at AS "heartbeatAt",
  r.cpus AS "reservedCpus", r.memory_mb AS "reservedMemoryMb", r.containers AS "reservedContainers"
  FROM node n CROSS JOIN LATERAL (SELECT coalesce(round(sum(cpus)::numeric, 3), 0)::double precision AS cpus,
    coalesce(sum(memory_mb), 0)::double precision AS memory_mb, coalesce(sum(containers), 0)::int AS containers
    FROM node_reservation WHERE node_id = n.id) r`;

const statusOfNode = (row: NodeRow): NodeStatus => (row.up ? row.status : 'down');

/** Docker hosts and the workers that drive them. */
export class NodeStore {
  constructor(private readonly database: Database) {}

  /**
   * Takes the node over: earlier workers hold an older epoch and are refused from here on. What is promised of it is
   * gathered in its first part, since a ceiling that is new is compared with that one.
   */
  async register(node: NodeRegistration): Promise<number> {
    const { id, engineVersion, agentUrl, cpus, memoryMb, maxCpus, maxMemoryMb } = node;
    const rows = await this.database.query<{ epoch: number }>(
      `INSERT INTO node (id, epoch, up, engine_version, agent_url, cpus, memory_mb, max_cpus, max_memory_mb, heartbeat_at)
       VALUES ($1, 1, false, $2, $3, $4::double precision, $5::int, $6::double precision, $7::int, now())
       ON CONFLICT (id) DO UPDATE SET epoch = node.epoch + 1, engine_version = $2, agent_url = $3,
         cpus = $4::double precision, memory_mb = $5::int, max_cpus = $6::double precision, max_memory_mb = $7::int,
         heartbeat_at = now()
       RETURNING epoch`,
      [id, engineVersion, agentUrl, cpus, memoryMb, maxCpus, maxMemoryMb],
    );
    await this.database.query(
      `INSERT INTO node_reservation (node_id, part) SELECT $1, part FROM generate_series(0, 15) AS p(part)
       ON CONFLICT DO NOTHING RETURNING part`,
      [id],
    );
    await this.database.query(
      `WITH held AS MATERIALIZED (SELECT part, cpus, memory_mb, containers FROM node_reservation
         WHERE node_id = $1 ORDER BY part FOR UPDATE),
       whole AS (SELECT sum(cpus) AS cpus, sum(memory_mb) AS memory_mb, sum(containers) AS containers FROM held)
       UPDATE node_reservation p SET cpus = CASE WHEN p.part = 0 THEN round(w.cpus::numeric, 3) ELSE 0 END,
         memory_mb = CASE WHEN p.part = 0 THEN w.memory_mb ELSE 0 END,
         containers = CASE WHEN p.part = 0 THEN w.containers ELSE 0 END
       FROM whole w WHERE p.node_id = $1 RETURNING p.part`,
      [id],
    );
    return rows[0]?.epoch ?? 0;
  }

  /** Says that the node's worker lives, and whether its engine answers; answers with what the node counted as before. */
  async heartbeat(id: string, epoch: number, up: boolean): Promise<'up' | 'down' | 'replaced'> {
    const rows = await this.database.query<{ wasUp: boolean }>(
      `WITH before AS MATERIALIZED (SELECT id, up FROM node WHERE id = $1 AND epoch = $2::int FOR UPDATE)
       UPDATE node n SET heartbeat_at = now(), up = $3::boolean FROM before b WHERE n.id = b.id RETURNING b.up AS "wasUp"`,
      [id, epoch, up],
    );
    if (!rows[0]) return 'replaced';
    return rows[0].wasUp ? 'up' : 'down';
  }

  /** Marks nodes whose worker is silent, and names all that are down. */
  async sweepSilent(silentSeconds: number): Promise<string[]> {
    await this.database.query(
      `UPDATE node SET up = false WHERE up AND heartbeat_at < now() - make_interval(secs => $1::double precision) RETURNING id`,
      [silentSeconds],
    );
    const rows = await this.database.query<{ id: string }>(`SELECT id FROM node WHERE NOT up`);
    return rows.map((row) => row.id);
  }

  /** Bots that still claim to know their state, though their node is down. None where it is up again. */
  async botsNotUnknown(nodeId: string, limit: number): Promise<string[]> {
    const rows = await this.database.query<{ key: string }>(
      `SELECT key FROM bot WHERE node_id = $1 AND container_id IS NOT NULL AND state <> 'unknown'
         AND EXISTS (SELECT 1 FROM node WHERE id = $1 AND NOT up) ORDER BY tenant_id, bot_id LIMIT $2::int`,
      [nodeId, limit],
    );
    return rows.map((row) => row.key);
  }

  async list(afterId: string | null, limit: number): Promise<NodeView[]> {
    const rows = await this.database.query<NodeRow>(
      `${NODE_SELECT} WHERE n.id > COALESCE($1, '') ORDER BY n.id LIMIT $2::int`,
      [afterId, limit],
    );
    return rows.map(present);
  }

  async find(id: string): Promise<NodeView | null> {
    const rows = await this.database.query<NodeRow>(`${NODE_SELECT} WHERE n.id = $1`, [id]);
    return rows[0] ? present(rows[0]) : null;
  }
}

function present(row: NodeRow): NodeView {
  return {
    id: row.id,
    status: statusOfNode(row),
    engineVersion: row.engineVersion,
    capacity: { cpus: row.cpus, memoryMb: row.memoryMb, maxCpus: row.maxCpus, maxMemoryMb: row.maxMemoryMb },
    reserved: { cpus: row.reservedCpus, memoryMb: row.reservedMemoryMb },
    containers: row.reservedContainers,
    heartbeatAt: row.heartbeatAt?.toISOString() ?? null,
  };
}
