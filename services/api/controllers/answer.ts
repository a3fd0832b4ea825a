import { presentOperation, type OperationView } from '#contracts';
import type { Accepted } from '#operations';
import type { PlacedOperation } from '#persistence';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { preferredWait } from '../http/headers.js';
import type { OperationWaiter } from '../live/waiter.js';

/** Aborts when the client has gone, so that nobody is waited for in vain. */
export function gone(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort());
  return controller.signal;
}

export function presentPlaced({ operation, position }: PlacedOperation): OperationView {
  return presentOperation(operation, position);
}

/** Answers with an accepted operation; where the caller prefers to wait and it ends in time, with the ended one. */
export async function answerOperation(
  call: { request: FastifyRequest; reply: FastifyReply },
  tenantId: string,
  accepted: Accepted,
  waiter: OperationWaiter,
): Promise<{ operation: OperationView }> {
  const { request, reply } = call;
  const { operation } = accepted;
  void reply.header('location', `/v1/operations/${operation.id}`);
  if (accepted.replayed) void reply.header('idempotent-replayed', 'true');
  const seconds = preferredWait(request);
  if (seconds !== null) {
    const ended = await waiter.wait(tenantId, operation.id, seconds, gone(reply));
    if (ended && ended.operation.finishedAt !== null) {
      void reply.status(200).header('preference-applied', 'wait');
      return { operation: { ...presentPlaced(ended), joined: operation.joined } };
    }
  }
  void reply.status(accepted.statusCode);
  return { operation };
}
