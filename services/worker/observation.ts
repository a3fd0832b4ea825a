import type { Observation } from '#domain';
import type { RuntimeContainer } from '#runtime';

/** The engine's words as the domain takes them. */
export function toObservation(container: RuntimeContainer): Observation {
  return {
    containerId: container.id,
    engineState: container.engineState,
    exitCode: container.exitCode,
    oomKilled: container.oomKilled,
    startedAt: milliseconds(container.startedAt),
    finishedAt: milliseconds(container.finishedAt),
  };
}

/** Engines tell nanoseconds, the record keeps milliseconds: compared, they must not differ by that. */
export function milliseconds(time: string | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
