import type { TaskCreateBody } from '#contracts';
import type { LogChunk } from '#runtime';
import type { FastifyInstance } from 'fastify';
import { Readable } from 'node:stream';
import type { Tasks } from '../workspace/tasks.js';
import { closing, type Gate, type Inside } from './gate.js';
import { logEvents, logText } from './log-stream.js';
import { AgentRefusal } from './refusal.js';

interface Named {
  Params: { id: string };
}

/** Background processes: begun, read and ended. What is known of them is in the record, for the API to read. */
export function serveTasks(app: FastifyInstance, gate: Gate, tasks: Tasks): void {
  app.post<{ Body: TaskCreateBody }>('/tasks', async (request, reply) => {
    const inside = await gate.running(request, 'tasks:start', reply.raw);
    const signal = closing(reply);
    const task = await gate.enter(inside, signal, () => tasks.start(inside, request.body, signal));
    return reply.status(201).send({ id: task.id });
  });

  app.get<Named & { Querystring: { tail: string; follow: string } }>('/tasks/:id/logs', async (request, reply) => {
    const inside = await gate.running(request, 'tasks:logs', reply.raw);
    const follow = request.query.follow === 'true';
    const options = { id: request.params.id, tail: Number(request.query.tail), follow };
    const chunks = await read(gate, inside, tasks, options, closing(reply));
    void reply.type(follow ? 'text/event-stream' : 'text/plain; charset=utf-8');
    return reply.send(Readable.from(follow ? logEvents(chunks) : logText(chunks)));
  });

  app.delete<Named & { Querystring: { signal: string } }>('/tasks/:id', async (request, reply) => {
    const inside = await gate.running(request, 'tasks:end', reply.raw);
    await gate.enter(inside, closing(reply), () => tasks.end(inside, request.params.id, request.query.signal));
    return reply.send({});
  });
}

async function read(
  gate: Gate,
  inside: Inside,
  tasks: Tasks,
  { id, tail, follow }: { id: string; tail: number; follow: boolean },
  signal: AbortSignal,
): Promise<AsyncGenerator<LogChunk>> {
  let complaint = '';
  const program = await gate.enter(inside, signal, () =>
    tasks.logs(
      inside.containerId,
      id,
      { tail, follow },
      (stream, piece, hand) => {
        if (stream === 'stdout') hand(piece);
        else complaint = (complaint + piece.toString('utf8')).slice(0, 100);
      },
      signal,
    ),
  );
  return (async function* () {
    for await (const data of program.output) yield { stream: 'stdout', data: data as Buffer } as const;
    await program.ended();
    const lacking = /^lacks (\w+)/.exec(complaint)?.[1];
    if (lacking) throw new AgentRefusal('image_lacks_program', `The image has no ${lacking}, which reading it needs.`);
  })();
}
