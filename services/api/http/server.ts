import type { Log, Metrics } from '#platform';
import helmet from '@fastify/helmet';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { requestIdOf } from './headers.js';
import { ApiError, toApiError, toProblem } from './problem.js';
import { prepareUploads } from './uploads.js';

/** Uploads apart, no body of the contract is larger. */
export const BODY_LIMIT = 256 * 1024;

const PROBLEM_TYPE = 'application/problem+json';
/** For what no route takes; the URL itself would be a label without end. */
const UNKNOWN = 'unknown';

export function createAdapter(log: Log): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    // An id of any length is answered by its own rules, not by a router's.
    routerOptions: { maxParamLength: 16_384 },
    requestIdHeader: false,
    genReqId: requestIdOf,
    frameworkErrors: refuseUrl(log),
    clientErrorHandler: refuseMalformed(log),
    // Of headers; how long a body may take is told by its route.
    http: { headersTimeout: 30_000 },
    requestTimeout: 0,
    keepAliveTimeout: 72_000,
    forceCloseConnections: true,
    trustProxy: false,
  });
}

/** Of what the router cannot read, before any hook has run. */
const refuseUrl =
  (log: Log) =>
  (error: Error, request: FastifyRequest, reply: FastifyReply): void => {
    const known = toApiError(error) ?? new ApiError('validation_failed', 'The URL is malformed.');
    const problem = toProblem(known, request.id);
    log.info({ requestId: request.id, method: request.method, route: UNKNOWN, status: problem.status }, 'request');
    void reply.header('x-request-id', request.id).status(problem.status).type(PROBLEM_TYPE).send(problem);
  };

/** Of what is no HTTP at all: there is a socket, and no request. */
const refuseMalformed =
  (log: Log) =>
  (error: Error & { code?: string }, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
    const detail = tooLarge ? 'The headers are too large.' : 'The request is not well-formed HTTP, or came too slowly.';
    const problem = toProblem(new ApiError('validation_failed', detail), randomUUID());
    log.info({ requestId: problem.requestId, reason: error.code, status: problem.status }, 'no request');
    const body = JSON.stringify(problem);
    const head = [
      'HTTP/1.1 400 Bad Request',
      `content-type: ${PROBLEM_TYPE}`,
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${problem.requestId}`,
      'connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  };

/** What every answer has: its request id, a measure, safe headers; and JSON bodies that may be empty. */
export async function prepareServer(app: FastifyInstance, log: Log, metrics: Metrics): Promise<void> {
  // For pages alone, by their routes: JSON that no browser renders needs no policy for rendering.
  await app.register(helmet, { global: false });
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser('application/json', { parseAs: 'string', bodyLimit: BODY_LIMIT }, (request, body, done) => {
    // Clients that always name a type send it with an empty body too.
    if (body === '') done(null, undefined);
    else void parse(request, body as string, done);
  });
  prepareUploads(app);
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method } = request;
    const route = request.routeOptions.url ?? UNKNOWN;
    const seconds = reply.elapsedTime / 1000;
    metrics.httpRequestDuration.observe({ method, route, status: String(reply.statusCode) }, seconds);
    const line = { requestId: request.id, method, route, status: reply.statusCode, seconds };
    // Probes and pages come all the time, and nobody asks after one of them by its id.
    if (route === UNKNOWN || route.startsWith('/v1/')) log.info(line, 'request');
    else log.debug(line, 'request');
  });
}
