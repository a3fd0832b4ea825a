-- Bots, operations, events: the truth that everything else serves.

CREATE TABLE tenant (
  id          uuid PRIMARY KEY,
  name        text NOT NULL UNIQUE,
  slug        text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]{1,20}$'),
  created_at  timestamptz(3) NOT NULL DEFAULT now()
);

CREATE TABLE api_key (
  id           uuid PRIMARY KEY,
  tenant_id    uuid NOT NULL REFERENCES tenant (id),
  name         text NOT NULL,
  scopes       text[] NOT NULL,
  secret_hash  text NOT NULL,
  created_at   timestamptz(3) NOT NULL DEFAULT now(),
  expires_at   timestamptz(3),
  last_used_at timestamptz(3)
);
CREATE INDEX api_key_tenant_id_id_idx ON api_key (tenant_id, id);

CREATE TABLE node (
  id                  text PRIMARY KEY,
  epoch               int NOT NULL DEFAULT 0,
  status              text NOT NULL DEFAULT 'ready' CHECK (status IN ('ready', 'cordoned', 'draining')),
  up                  boolean NOT NULL DEFAULT false,
  engine_version      text,
  agent_url           text,
  cpus                double precision NOT NULL DEFAULT 0,
  memory_mb           int NOT NULL DEFAULT 0,
  max_cpus            double precision,
  max_memory_mb       int,
  reserved_cpus       double precision NOT NULL DEFAULT 0,
  reserved_memory_mb  bigint NOT NULL DEFAULT 0,
  reserved_containers int NOT NULL DEFAULT 0,
  heartbeat_at        timestamptz(3),
  created_at          timestamptz(3) NOT NULL DEFAULT now()
);

-- Names sort by bytes, so lists page the same on every server.
CREATE TABLE bot (
  key                  uuid PRIMARY KEY,
  tenant_id            uuid NOT NULL REFERENCES tenant (id),
  bot_id               text COLLATE "C" NOT NULL,
  version              int NOT NULL DEFAULT 0,
  state                text NOT NULL DEFAULT 'absent'
    CHECK (state IN ('absent', 'stopped', 'running', 'paused', 'failed', 'unknown')),
  projected            text NOT NULL DEFAULT 'absent',
  seq                  int NOT NULL DEFAULT 0,
  node_id              text REFERENCES node (id),
  incarnation          int NOT NULL DEFAULT 0,
  container_id         text,
  image_ref            text,
  image_id             text,
  settings             jsonb,
  sealed_env           text,
  paths                jsonb NOT NULL DEFAULT '[]',
  has_data             boolean NOT NULL DEFAULT false,
  exit                 jsonb,
  last_error           jsonb,
  reserved             jsonb NOT NULL DEFAULT '{"cpus":0,"memoryMb":0,"containers":0}',
  container_created_at timestamptz(3),
  started_at           timestamptz(3),
  created_at           timestamptz(3) NOT NULL DEFAULT now(),
  updated_at           timestamptz(3) NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, bot_id)
) WITH (fillfactor = 80);
CREATE INDEX bot_state_idx ON bot (tenant_id, state, bot_id);
CREATE INDEX bot_node_idx ON bot (node_id, tenant_id, bot_id);

CREATE TABLE operation (
  id               uuid PRIMARY KEY,
  tenant_id        uuid NOT NULL REFERENCES tenant (id),
  bot_key          uuid NOT NULL REFERENCES bot (key),
  seq              int,
  kind             text NOT NULL,
  status           text NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  params           jsonb NOT NULL DEFAULT '{}',
  sealed_env       text,
  digest           text NOT NULL,
  target           text NOT NULL,
  noop             boolean NOT NULL DEFAULT false,
  attempt          int NOT NULL DEFAULT 0,
  claim_epoch      int,
  claimed_by       text,
  lease_expires_at timestamptz(3),
  due_at           timestamptz(3) NOT NULL DEFAULT now(),
  deadline_at      timestamptz(3) NOT NULL,
  dispatch         int NOT NULL DEFAULT 0,
  dispatched_at    timestamptz(3),
  cancel_requested text,
  phase            text,
  progress         jsonb,
  result           jsonb,
  error            jsonb,
  requested_by     jsonb NOT NULL,
  request_id       text,
  created_at       timestamptz(3) NOT NULL DEFAULT now(),
  started_at       timestamptz(3),
  finished_at      timestamptz(3),
  UNIQUE (bot_key, seq)
) WITH (fillfactor = 70);
-- One at a time, whatever the code believes.
CREATE UNIQUE INDEX operation_one_running_idx ON operation (bot_key) WHERE status = 'running';
CREATE INDEX operation_lane_idx ON operation (bot_key, seq) WHERE status IN ('queued', 'running');
-- What the sweep looks through: only what has not ended.
CREATE INDEX operation_queued_idx ON operation (due_at) WHERE status = 'queued';
CREATE INDEX operation_asked_idx ON operation (bot_key) WHERE status = 'queued' AND cancel_requested IS NOT NULL;
CREATE INDEX operation_running_idx ON operation (lease_expires_at) WHERE status = 'running';
CREATE INDEX operation_running_kind_idx ON operation (tenant_id, kind, bot_key) WHERE status = 'running';
-- Lists, newest first: ids are UUIDv7.
CREATE INDEX operation_tenant_idx ON operation (tenant_id, id DESC);
CREATE INDEX operation_bot_idx ON operation (bot_key, id DESC);
CREATE INDEX operation_status_idx ON operation (tenant_id, status, id DESC);
CREATE INDEX operation_kind_idx ON operation (tenant_id, kind, id DESC);
CREATE INDEX operation_finished_idx ON operation (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE event (
  id        bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  txid      bigint NOT NULL DEFAULT (pg_current_xact_id()::text)::bigint,
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  bot_key   uuid NOT NULL REFERENCES bot (key),
  bot_id    text NOT NULL,
  version   int NOT NULL,
  type      text NOT NULL,
  at        timestamptz(3) NOT NULL DEFAULT now(),
  data      jsonb NOT NULL,
  UNIQUE (bot_key, version)
);
CREATE INDEX event_cursor_idx ON event (txid, id);
CREATE INDEX event_tenant_cursor_idx ON event (tenant_id, txid, id);
CREATE INDEX event_bot_cursor_idx ON event (bot_key, txid, id);

-- One row: the place of the last event that was forgotten.
CREATE TABLE event_horizon (
  one  boolean PRIMARY KEY DEFAULT true CHECK (one),
  txid bigint NOT NULL DEFAULT 0,
  id   bigint NOT NULL DEFAULT 0
);
INSERT INTO event_horizon DEFAULT VALUES;

CREATE TABLE idempotency_key (
  tenant_id    uuid NOT NULL REFERENCES tenant (id),
  key          text NOT NULL,
  fingerprint  text NOT NULL,
  operation_id uuid,
  status_code  int,
  answer       text,
  created_at   timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, key)
);
CREATE INDEX idempotency_key_created_idx ON idempotency_key (created_at);

-- Lets one statement refuse as a whole from the middle of it. SQLSTATE BE001; the message is the code.
CREATE FUNCTION berth_refuse(code text) RETURNS double precision LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', code USING ERRCODE = 'BE001';
END
$$;

INSERT INTO tenant (id, name, slug) VALUES (gen_random_uuid(), 'default', 'default');
