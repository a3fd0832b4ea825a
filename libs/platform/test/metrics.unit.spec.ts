import { describe, expect, it } from '@jest/globals';
import { createMetrics } from '../index.js';

describe('createMetrics', () => {
  it("renders what was counted, with the service's name, beside Node's own", async () => {
    const metrics = createMetrics('worker');
    metrics.operationsFinished.inc({ kind: 'container.create', status: 'failed', code: 'disk_full' });
    metrics.operationQueueDelay.observe(0.2);
    const text = await metrics.render();
    expect(text).toContain(
      'berth_operations_finished_total{kind="container.create",status="failed",code="disk_full",service="worker"} 1',
    );
    expect(text).toContain('berth_operation_queue_delay_seconds_bucket{le="0.25",service="worker"} 1');
    expect(text).toContain('process_resident_memory_bytes');
  });

  it('keeps the figures of two instances apart', async () => {
    const [one, two] = [createMetrics('api'), createMetrics('api')];
    one.leaseLost.inc();
    expect(await two.render()).toContain('berth_lease_lost_total{service="api"} 0');
  });
});
