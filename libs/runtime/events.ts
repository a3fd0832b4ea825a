import type { GetEventsOptions } from 'dockerode';
import { DEADLINE_MS, pause } from './deadline.js';
import type { EngineConnection, OpenStream } from './engine-connection.js';
import { RuntimeFailure } from './failure.js';
import { toFailure } from './failures.js';
import { readJsonLines } from './json-lines.js';
import { MANAGED_FILTER, readIdentity } from './labels.js';
import type { RuntimeEvent } from './port.js';

const PING_EVERY_MS = 10_000;
const ACTIONS = ['create', 'start', 'die', 'stop', 'kill', 'oom', 'pause', 'unpause', 'destroy', 'exec_die'] as const;

export interface EventsOptions {
  signal: AbortSignal;
  since?: Date | undefined;
  onOpen?: (() => void) | undefined;
}

/** Events of managed containers until the signal aborts; throws where the stream ends otherwise. */
export async function* watchEvents(engine: EngineConnection, options: EventsOptions): AsyncGenerator<RuntimeEvent> {
  if (options.signal.aborted) return;
  try {
    const opened = await openEvents(engine, options);
    const watchdog = watchEngine(engine, opened);
    try {
      options.onOpen?.();
      for await (const line of readJsonLines(opened.stream)) {
        const event = toRuntimeEvent(line);
        if (event) yield event;
        if (options.signal.aborted) return;
      }
    } finally {
      opened.close();
      await watchdog;
    }
  } catch (error) {
    if (options.signal.aborted) return;
    throw unavailable(error);
  }
  if (!options.signal.aborted) throw unavailable(new Error('The event stream ended.'));
}

function openEvents(engine: EngineConnection, options: EventsOptions): Promise<OpenStream> {
  const query: GetEventsOptions = {
    filters: { type: ['container'], label: [MANAGED_FILTER], event: [...ACTIONS] },
    ...(options.since ? { since: options.since.getTime() / 1000 } : {}),
  };
  return engine.openStream('events', { deadlineMs: DEADLINE_MS.stream, signal: options.signal }, (abortSignal) =>
    engine.docker.getEvents({ ...query, abortSignal }),
  );
}

/** A stopped or unreachable engine leaves the stream open and silent; only asking it tells. Settles when the stream is closed. */
async function watchEngine(engine: EngineConnection, opened: OpenStream): Promise<void> {
  try {
    for (;;) {
      await pause(PING_EVERY_MS, opened.signal);
      await engine.call('ping', { deadlineMs: DEADLINE_MS.ping, signal: opened.signal }, (abortSignal) =>
        engine.getJson('/_ping', abortSignal),
      );
    }
  } catch (error) {
    opened.stream.destroy(toFailure(error));
  }
}

function unavailable(cause: unknown): RuntimeFailure {
  return new RuntimeFailure('docker_unavailable', 'The engine stopped telling its events.', { retryable: true, cause });
}

interface EngineEvent {
  Action?: string;
  Actor?: { ID?: string; Attributes?: Record<string, string> };
  time?: number;
  timeNano?: number;
}

/** Null for what is no change of a container's state. */
export function toRuntimeEvent(line: Record<string, unknown>): RuntimeEvent | null {
  const event = line as EngineEvent;
  const action = ACTIONS.find((known) => known === event.Action);
  const containerId = event.Actor?.ID;
  if (!action || containerId === undefined) return null;
  const attributes = event.Actor?.Attributes;
  const exitCode = action === 'die' ? Number(attributes?.exitCode ?? Number.NaN) : Number.NaN;
  return {
    containerId,
    identity: readIdentity(attributes),
    action,
    exitCode: Number.isInteger(exitCode) ? exitCode : null,
    at: new Date(event.timeNano === undefined ? (event.time ?? 0) * 1000 : Math.floor(event.timeNano / 1e6)),
  };
}
