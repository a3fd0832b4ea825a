import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;

const OPERATION_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
const DELAY_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
const HTTP_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * The process's metrics, `berth_*` and Node's own, in a registry of their own. Labels are from small closed sets:
 * never an id of a bot or an operation.
 */
export function createMetrics(service: string) {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  // The default of 10 ms wakes an idle process a hundred times a second.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 50 });

  const counter = <T extends string = never>(name: string, help: string, ...labelNames: T[]) =>
    new Counter<T>({ name: `berth_${name}`, help, labelNames, registers: [registry] });
  const gauge = <T extends string = never>(name: string, help: string, ...labelNames: T[]) =>
    new Gauge<T>({ name: `berth_${name}`, help, labelNames, registers: [registry] });
  const histogram = <T extends string = never>(name: string, help: string, buckets: number[], ...labelNames: T[]) =>
    new Histogram<T>({ name: `berth_${name}`, help, buckets, labelNames, registers: [registry] });

  return {
    operationsAccepted: counter('operations_accepted_total', 'Operations accepted.', 'kind'),
    operationsFinished: counter('operations_finished_total', 'Operations ended.', 'kind', 'status', 'code'),
    operationDuration: histogram(
      'operation_duration_seconds',
      'From acceptance to the end.',
      OPERATION_SECONDS,
      'kind',
    ),
    operationQueueDelay: histogram('operation_queue_delay_seconds', 'From due to claimed.', DELAY_SECONDS),
    operationRedispatch: counter('operation_redispatch_total', 'Operations rung again by a sweep.', 'reason'),
    leaseLost: counter('lease_lost_total', 'Runs aborted because their lease was lost.'),
    staleWriteRejected: counter('stale_write_rejected_total', 'Writes refused for an old claim epoch.'),
    enqueueFailures: counter('enqueue_failures_total', 'Doorbells that could not be handed over.'),
    dockerHungCalls: counter('docker_hung_calls_total', 'Docker calls that passed their deadline.'),
    reconcileDrift: counter('reconcile_drift_total', 'Differences found between Docker and the record.', 'type'),
    nodeHeartbeatAge: gauge('node_heartbeat_age_seconds', 'Age of the last heartbeat.', 'node'),
    wsConnections: gauge('ws_connections', 'Open sockets.'),
    eventTailLag: gauge('event_tail_lag_seconds', 'From the commit of the last event to its emission.'),
    httpRequestDuration: histogram(
      'http_request_duration_seconds',
      'From request to response.',
      HTTP_SECONDS,
      'method',
      'route',
      'status',
    ),
    contentType: registry.contentType,
    /** All metrics, in Prometheus's text format. */
    render: (): Promise<string> => registry.metrics(),
  };
}
