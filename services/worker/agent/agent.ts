import type { BotStore } from '#persistence';
import type { Log, Metrics, SecretBox, TokenSigner } from '#platform';
import type { ContainerRuntime, Programs } from '#runtime';
import type { RunEnds } from '../workspace/run-ends.js';
import type { Tasks } from '../workspace/tasks.js';
import type { Uses } from '../uses.js';
import Fastify, { type FastifyInstance } from 'fastify';
import type { UploadsLeft } from '../workspace/uploads-left.js';
import type { TerminalRuns } from '../workspace/terminal-runs.js';
import { serveExec } from './exec.js';
import { serveFiles } from './files.js';
import { Gate } from './gate.js';
import { serveObservation } from './observation.js';
import { statusOf, toRefusal } from './refusal.js';
import { serveTasks } from './tasks.js';
import { serveTerminals } from './terminal.js';

export interface AgentParts {
  runtime: ContainerRuntime & Programs;
  ends: RunEnds;
  tasks: Tasks;
  uses: Uses;
  bots: BotStore;
  tokens: TokenSigner;
  secrets: SecretBox;
  uploads: UploadsLeft;
  /** Of one upload. Infinity: no limit. */
  maxUploadBytes: number;
  terminals: TerminalRuns;
  metrics: Metrics;
  log: Log;
}

/**
 * The node agent: what streams from and into containers, for the API alone. It takes no botId from the caller: the
 * signed token names the bot and the action.
 */
export function createAgent(parts: AgentParts): FastifyInstance {
  const app = Fastify({ logger: false, forceCloseConnections: true });
  const gate = new Gate(parts);

  app.get('/metrics', async (_request, reply) => {
    void reply.type(parts.metrics.contentType);
    return parts.metrics.render();
  });
  serveObservation(app, gate, parts.runtime);
  serveExec(app, gate, { programs: parts.runtime, ends: parts.ends });
  const { runtime: programs, uploads, maxUploadBytes } = parts;
  serveFiles(app, { gate, programs, uploads, maxUploadBytes });
  serveTasks(app, gate, parts.tasks);
  serveTerminals(app, { gate, runtime: parts.runtime, runs: parts.terminals, log: parts.log });

  app.setErrorHandler((error, _request, reply) => {
    const refusal = toRefusal(error);
    if (refusal) return reply.status(statusOf(refusal)).send({ code: refusal.code, detail: refusal.message });
    parts.log.error({ err: error }, 'the agent failed');
    return reply.status(502).send({ code: 'internal_error', detail: 'failed' });
  });
  return app;
}
