import type { Change } from '#domain';
import type { Messaging } from '#messaging';
import type { Metrics } from '#platform';

/** What every change is followed by once it is committed: hints only, since the database has the truth. */
export class Announcer {
  constructor(
    private readonly messaging: Pick<Messaging, 'doorbell' | 'bus'>,
    private readonly metrics: Metrics,
  ) {}

  committed(change: Change): void {
    for (const { operation, rung, isNew } of change.writes) {
      const nodeId = change.bot.nodeId ?? operation.nodeId;
      if (rung && nodeId !== null) {
        this.messaging.doorbell.ring(nodeId, { operationId: operation.id, dispatch: operation.dispatch });
      }
      if (isNew) this.metrics.operationsAccepted.inc({ kind: operation.kind });
      if (nodeId !== null && operation.status === 'running' && operation.cancelRequested) {
        // Never a job id that was used before: its worker has answered the earlier bells.
        this.messaging.doorbell.ring(nodeId, { operationId: operation.id, dispatch: Date.now() });
      }
      if (operation.finishedAt !== null) {
        const { kind, status, error } = operation;
        this.metrics.operationsFinished.inc({ kind, status, code: error?.code ?? 'none' });
        const seconds = (Date.parse(operation.finishedAt) - Date.parse(operation.createdAt)) / 1000;
        this.metrics.operationDuration.observe({ kind }, Math.max(0, seconds));
      }
    }
    if (change.events.length > 0) this.messaging.bus.publish({ type: 'events' });
  }
}
