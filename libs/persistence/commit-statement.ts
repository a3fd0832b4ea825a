/**
 * One change of a bot as one statement: the bot's row where its version still is the one that was judged, its
 * operations and events, and as far as they are part of it, what is promised of its node, the Idempotency-Key of the
 * request, snapshots and tasks. Parameters: 1 bot, 2 version, 3 operations, 4 events; then those of the parts, in order.
 */

/** How long an operation may take from its acceptance, waiting included. Seconds. */
const OPERATION_DEADLINE_SECONDS = 3600;

const BOT_RECORD = `r(key uuid, tenant_id uuid, bot_id text, version int, state text, projected text, seq int,
  node_id text, incarnation int, container_id text, image_ref text, image_id text, settings jsonb, sealed_env text,
  paths jsonb, has_data boolean, current_snapshot_id uuid, descends boolean, exit jsonb, last_error jsonb, tasks jsonb, reserved jsonb, container_created_at timestamptz,
  started_at timestamptz, created_at timestamptz, updated_at timestamptz)`;

const MUTABLE = [
  'version',
  'state',
  'projected',
  'seq',
  'node_id',
  'incarnation',
  'container_id',
  'image_ref',
  'image_id',
  'settings',
  'sealed_env',
  'paths',
  'has_data',
  'exit',
  'last_error',
  'tasks',
  'reserved',
  'container_created_at',
  'started_at',
  'updated_at',
];

/**
 * Zero rows where the bot is no longer at the version it was judged at. What it descends from moves by itself where
 * that is deleted as another bot's snapshot, so it is written only where this change moves it.
 */
const UPDATE_BOT = `UPDATE bot SET ${MUTABLE.map((column) => `${column} = r.${column}`).join(', ')},
    current_snapshot_id = CASE WHEN r.descends THEN r.current_snapshot_id ELSE bot.current_snapshot_id END
  FROM jsonb_to_record($1::jsonb) AS ${BOT_RECORD}
  WHERE bot.key = r.key AND bot.version = $2::int RETURNING bot.key`;

/** Zero rows where somebody else has just named the bot. */
const INSERT_BOT = `INSERT INTO bot (key, tenant_id, bot_id, created_at, ${MUTABLE.join(', ')})
  SELECT r.key, r.tenant_id, r.bot_id, r.created_at, ${MUTABLE.map((column) => `r.${column}`).join(', ')}
  FROM jsonb_to_record($1::jsonb) AS ${BOT_RECORD} WHERE $2::int IS NULL
  ON CONFLICT (tenant_id, bot_id) DO NOTHING RETURNING key`;

const SNAPSHOT_COLUMNS = `id, tenant_id, bot_key, node_id, name, description, status, parent_id, scope, origin, image,
  volumes, size_bytes, data_size_bytes, layers, freeze_ms, error, created_at`;

/** What every change has: operations and events. */
const core = (writeBot: string): string => `WITH done AS (${writeBot}),
writes AS (SELECT w.* FROM done, jsonb_to_recordset($3::jsonb) AS w(id uuid, tenant_id uuid, bot_key uuid, seq int,
  kind text, status text, params jsonb, sealed_env text, digest text, target text, noop boolean, attempt int,
  claim_epoch int, claimed_by text, cancel_requested text, phase text, progress jsonb, result jsonb, error jsonb,
  requested_by jsonb, request_id text, dispatch int, created_at timestamptz, started_at timestamptz, finished_at timestamptz,
  is_new boolean, lease_seconds double precision, due_in_ms double precision, rung boolean)),
inserted AS (INSERT INTO operation (id, tenant_id, bot_key, seq, kind, status, params, sealed_env, digest, target, noop,
    attempt, result, error, requested_by, request_id, dispatch, dispatched_at, created_at, started_at, finished_at, deadline_at)
  SELECT id, tenant_id, bot_key, seq, kind, status, params, CASE WHEN finished_at IS NULL THEN sealed_env END, digest,
    target, noop, attempt, result, error, requested_by, request_id, dispatch, CASE WHEN rung THEN now() END,
    created_at, started_at, finished_at, now() + interval '${OPERATION_DEADLINE_SECONDS} s'
  FROM writes WHERE is_new),
updated AS (UPDATE operation o SET status = w.status, target = w.target, attempt = w.attempt,
    claim_epoch = w.claim_epoch, claimed_by = w.claimed_by,
    sealed_env = CASE WHEN w.finished_at IS NULL THEN o.sealed_env END,
    cancel_requested = COALESCE(w.cancel_requested, o.cancel_requested),
    phase = CASE WHEN w.status = 'running' AND o.claim_epoch = w.claim_epoch THEN o.phase ELSE w.phase END,
    progress = CASE WHEN w.status = 'running' AND o.claim_epoch = w.claim_epoch THEN o.progress ELSE w.progress END,
    result = w.result, error = w.error, started_at = w.started_at, finished_at = w.finished_at,
    lease_expires_at = CASE WHEN w.status <> 'running' THEN NULL
      WHEN w.lease_seconds IS NULL THEN o.lease_expires_at ELSE now() + make_interval(secs => w.lease_seconds) END,
    due_at = CASE WHEN w.due_in_ms > 0 THEN now() + make_interval(secs => w.due_in_ms / 1000) ELSE o.due_at END,
    dispatch = GREATEST(o.dispatch, w.dispatch),
    dispatched_at = CASE WHEN w.rung THEN now() ELSE o.dispatched_at END
  FROM writes w WHERE o.id = w.id AND NOT w.is_new),
noted AS (INSERT INTO event (tenant_id, bot_key, bot_id, version, type, data)
  SELECT r.tenant_id, r.key, r.bot_id, e.version, e.type, e.data
  FROM done, jsonb_to_record($1::jsonb) AS r(key uuid, tenant_id uuid, bot_id text),
    jsonb_to_recordset($4::jsonb) AS e(version int, type text, data jsonb) ORDER BY e.version)`;

/** What a change may have besides, in the order of their parameters. `n` is the first of a part's own. */
const PARTS = {
  /** 1 the reservation, 2 whether ceilings hold. */
  reservation: (n: number): string => `promised AS (UPDATE node_reservation p SET
    cpus = CASE WHEN $${n + 1} AND d.cpus > 0 AND p.cpus + d.cpus > n.max_cpus
      THEN berth_refuse('no_capacity') ELSE round((p.cpus + d.cpus)::numeric, 3) END,
    memory_mb = CASE WHEN $${n + 1} AND d.memory > 0 AND p.memory_mb + d.memory > n.max_memory_mb
      THEN berth_refuse('no_capacity') ELSE p.memory_mb + d.memory END,
    containers = p.containers + d.containers
  FROM done, jsonb_to_record($${n}::jsonb) AS d(node_id text, part int, cpus double precision, memory bigint, containers int),
    node n
  WHERE n.id = d.node_id AND p.node_id = d.node_id
    AND p.part = CASE WHEN n.max_cpus IS NULL AND n.max_memory_mb IS NULL THEN d.part ELSE 0 END)`,
  idempotency: (
    n: number,
  ): string => `remembered AS (INSERT INTO idempotency_key (tenant_id, key, fingerprint, operation_id, status_code, answer)
  SELECT i.tenant_id, i.key, i.fingerprint, i.operation_id, i.status_code, i.answer
  FROM done, jsonb_to_record($${n}::jsonb) AS i(tenant_id uuid, key text, fingerprint text, operation_id uuid,
    status_code int, answer text))`,
  snapshots: (
    n: number,
  ): string => `snapshots AS (SELECT s.* FROM done, jsonb_to_recordset($${n}::jsonb) AS s(write text, id uuid, tenant_id uuid, bot_key uuid,
  node_id text, name text, description text, status text, parent_id uuid, scope text, origin text, image text,
  volumes jsonb, size_bytes bigint, data_size_bytes bigint, layers int, freeze_ms int, error jsonb, created_at timestamptz)),
captured AS (INSERT INTO snapshot (${SNAPSHOT_COLUMNS}) SELECT ${SNAPSHOT_COLUMNS} FROM snapshots WHERE write = 'insert'),
changed AS (UPDATE snapshot s SET status = c.status, parent_id = c.parent_id, image = c.image, volumes = c.volumes,
    size_bytes = c.size_bytes, data_size_bytes = c.data_size_bytes, layers = c.layers, freeze_ms = c.freeze_ms, error = c.error
  FROM snapshots c WHERE c.write = 'update' AND s.id = c.id),
forgotten AS (DELETE FROM snapshot s USING snapshots c WHERE c.write = 'remove' AND s.id = c.id RETURNING s.id, s.parent_id),
adopted AS (UPDATE snapshot s SET parent_id = f.parent_id FROM forgotten f WHERE s.parent_id = f.id),
moved AS (UPDATE bot b SET current_snapshot_id = f.parent_id FROM forgotten f
  WHERE b.current_snapshot_id = f.id AND b.key <> (SELECT key FROM done))`,
  tasks: (
    n: number,
  ): string => `tasks AS (SELECT t.* FROM done, jsonb_to_recordset($${n}::jsonb) AS t(write text, id uuid, tenant_id uuid, bot_key uuid,
  name text, command jsonb, status text, exit_code int, reason text, started_at timestamptz)),
begun AS (INSERT INTO task (id, tenant_id, bot_key, name, command, status, started_at)
  SELECT id, tenant_id, bot_key, name, command, status, started_at FROM tasks WHERE write = 'insert'),
over AS (UPDATE task t SET status = e.status, exit_code = e.exit_code, reason = e.reason, ended_at = now()
  FROM tasks e WHERE e.write = 'end' AND t.id = e.id)`,
};

/** Parameters of the parts that a change has. */
export type Parts = { [P in keyof typeof PARTS]?: unknown[] };

const statements = new Map<string, string>();

/** The statement for a change of just these parts: what is not in it costs nothing. With the parameters of the parts. */
export function commitStatement(isNewBot: boolean, parts: Parts): { text: string; parameters: unknown[] } {
  const names = (Object.keys(PARTS) as (keyof typeof PARTS)[]).filter((name) => parts[name]);
  const parameters = names.flatMap((name) => parts[name] ?? []);
  const key = [isNewBot, ...names].join();
  let text = statements.get(key);
  if (text === undefined) {
    let n = 5;
    const added = names.map((name) => {
      const part = PARTS[name](n);
      n += parts[name]?.length ?? 0;
      return part;
    });
    const whole = [core(isNewBot ? INSERT_BOT : UPDATE_BOT), ...added].join(',\n');
    text = `${whole}\nSELECT count(*)::int AS done FROM done`;
    statements.set(key, text);
  }
  return { text, parameters };
}
