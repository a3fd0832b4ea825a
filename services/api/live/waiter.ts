import type { PlacedOperation, OperationStore } from '#persistence';
import type { Hub } from './hub.js';

/** Events make it quick; this makes it sure. */
const LOOK_MS = 2_000;

const hasEnded = ({ operation }: PlacedOperation): boolean => operation.finishedAt !== null;

/** Waits for an operation to end, at most so long; answers with it as it then is. Null where the tenant has none such. */
export class OperationWaiter {
  constructor(
    private readonly operations: OperationStore,
    private readonly hub: Hub,
  ) {}

  async wait(tenantId: string, id: string, seconds: number, gone: AbortSignal): Promise<PlacedOperation | null> {
    const endsAt = performance.now() + seconds * 1000;
    let heard: () => void = () => undefined;
    let rung = false;
    const leave = this.hub.join(tenantId, {
      botId: null,
      onEvent: ({ view }) => {
        if (view.data.operation?.id !== id || view.data.operation.finishedAt === null) return;
        rung = true;
        heard();
      },
      onProgress: () => undefined,
    });
    gone.addEventListener('abort', () => heard(), { once: true });
    try {
      for (;;) {
        const placed = await this.operations.find(tenantId, id);
        const left = endsAt - performance.now();
        if (!placed || hasEnded(placed) || left <= 0 || gone.aborted) return placed;
        if (!rung)
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, Math.min(left, LOOK_MS));
            heard = () => {
              clearTimeout(timer);
              resolve();
            };
          });
        rung = false;
      }
    } finally {
      leave();
    }
  }
}
