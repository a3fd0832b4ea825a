import type { Log, Metrics } from '#platform';
import helmet from '@fastify/helmet';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { requestIdOf } from './headers.js';

/** Uploads apart, no body of the contract is larger. */
export const BODY_LIMIT = 256 * 1024;

export function createAdapter(): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    // An id of any length is answered by its own rules, not by a router's.
    routerOptions: { maxParamLength: 16_384 },
    requestIdHeader: false,
    genReqId: requestIdOf,
    requestTimeout: 30_000,
    keepAliveTimeout: 72_000,
    forceCloseConnections: true,
    trustProxy: false,
  });
}

/** What every answer has: its request id, a measure, safe headers; and JSON bodies that may be empty. */
export async function prepareServer(app: FastifyInstance, log: Log, metrics: Metrics): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        styleSrc: ["'self'", "'unsafe-inline'"],
        upgradeInsecureRequests: null,
      },
    },
    strictTransportSecurity: false,
  });
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string', bodyLimit: BODY_LIMIT }, (request, body, done) => {
    // Clients that always name a type send it with an empty body too.
    if (body === '') done(null, undefined);
    else void parse(request, body as string, done);
  });
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id);
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method } = request;
    const route = request.routeOptions.url ?? 'unknown';
    const seconds = reply.elapsedTime / 1000;
    metrics.httpRequestDuration.observe({ method, route, status: String(reply.statusCode) }, seconds);
    log.debug({ requestId: request.id, method, route, status: reply.statusCode, seconds }, 'request');
  });
}
