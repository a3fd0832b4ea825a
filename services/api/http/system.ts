import type { Messaging } from '#messaging';
import type { Database } from '#persistence';
import type { Metrics } from '#platform';
import type { FastifyInstance } from 'fastify';
import { openApiDocument } from '../docs/openapi.js';
import { serveDocs } from '../docs/docs.js';

export interface SystemParts {
  database: Database;
  messaging: Messaging;
  metrics: Metrics;
  /** Whether the process takes requests: false from the moment it is told to stop. */
  isOpen: () => boolean;
}

const READY_MS = 1_000;

/** What operators and machines ask of the process itself. Public, and tells nothing of any tenant. */
export function serveSystem(app: FastifyInstance, parts: SystemParts): void {
  app.get('/livez', async () => ({ status: 'ok' }));

  // The queue is told but not required: requests are accepted without it, and rung once it is back.
  app.get('/readyz', async (_request, reply) => {
    const [database, queue] = await Promise.all([reaches(parts.database), parts.messaging.healthy()]);
    const ready = database && parts.isOpen();
    void reply.status(ready ? 200 : 503);
    return { status: ready ? (queue ? 'ok' : 'degraded') : 'unavailable', checks: { database, queue } };
  });

  app.get('/metrics', async (_request, reply) => {
    void reply.type(parts.metrics.contentType);
    return parts.metrics.render();
  });

  const document = openApiDocument();
  app.get('/openapi.json', async () => document);
  serveDocs(app);
}

/** The migrations have run and the database answers. */
async function reaches(database: Database): Promise<boolean> {
  const answer = database.query('SELECT 1 AS one FROM event_horizon').then(
    (rows) => rows.length === 1,
    () => false,
  );
  const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), READY_MS).unref());
  return Promise.race([answer, late]);
}
