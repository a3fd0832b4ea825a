import type { ContainerRuntime } from '#runtime';
import type { FastifyInstance } from 'fastify';
import { Readable } from 'node:stream';
import { closing, type Gate } from './gate.js';
import { logEvents, logText } from './log-stream.js';

/** What a container uses, and what its main process says. */
export function serveObservation(app: FastifyInstance, gate: Gate, runtime: ContainerRuntime): void {
  app.get('/stats', async (request, reply) => {
    const { containerId } = await gate.container(request, 'stats');
    return reply.send(await runtime.stats(containerId, closing(reply)));
  });

  app.get<{ Querystring: { tail?: string; follow?: string } }>('/logs', async (request, reply) => {
    const { containerId } = await gate.container(request, 'logs');
    const follow = request.query.follow === 'true';
    const tail = Number(request.query.tail ?? '200');
    const chunks = runtime.logs(containerId, { tail, follow, signal: closing(reply) });
    void reply.type(follow ? 'text/event-stream' : 'text/plain; charset=utf-8');
    return reply.send(Readable.from(follow ? logEvents(chunks) : logText(chunks)));
  });
}
