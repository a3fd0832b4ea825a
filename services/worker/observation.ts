import type { Observation } from '#domain';
import type { RuntimeContainer } from '#runtime';

/** The engine's words as the domain takes them. */
export function toObservation(container: RuntimeContainer): Observation {
  return {
    containerId: container.id,
    engineState: container.engineState,
    exitCode: container.exitCode,
    oomKilled: container.oomKilled,
    startedAt: container.startedAt,
    finishedAt: container.finishedAt,
  };
}
