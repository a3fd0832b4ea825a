-- What is promised of a node, in parts: one row for a node would let one accept at a time commit.

CREATE TABLE node_reservation (
  node_id    text NOT NULL REFERENCES node (id) ON DELETE CASCADE,
  part       int NOT NULL CHECK (part BETWEEN 0 AND 15),
  cpus       double precision NOT NULL DEFAULT 0,
  memory_mb  bigint NOT NULL DEFAULT 0,
  containers int NOT NULL DEFAULT 0,
  PRIMARY KEY (node_id, part)
) WITH (fillfactor = 50);

INSERT INTO node_reservation (node_id, part, cpus, memory_mb, containers)
SELECT n.id, p.part, CASE WHEN p.part = 0 THEN n.reserved_cpus ELSE 0 END,
  CASE WHEN p.part = 0 THEN n.reserved_memory_mb ELSE 0 END, CASE WHEN p.part = 0 THEN n.reserved_containers ELSE 0 END
FROM node n, generate_series(0, 15) AS p(part);

ALTER TABLE node DROP COLUMN reserved_cpus, DROP COLUMN reserved_memory_mb, DROP COLUMN reserved_containers;
