import { CATALOGUE, type ProblemCode } from '#contracts';
import { Refusal } from '#domain';
import { RuntimeFailure, type RuntimeFailureCode } from '#runtime';

/** What the agent tells the API instead of an answer. `message` is for the caller. */
export class AgentRefusal extends Error {
  constructor(
    readonly code: ProblemCode,
    message: string,
  ) {
    super(message);
    this.name = 'AgentRefusal';
  }
}

/** Failures of the engine that a caller can do something about. */
const TOLD: Partial<Record<RuntimeFailureCode, ProblemCode>> = {
  container_not_found: 'container_not_found',
  container_not_running: 'container_not_running',
  container_paused: 'container_not_running',
  docker_unavailable: 'node_unavailable',
  user_unknown: 'validation_failed',
  directory_missing: 'file_not_found',
  program_missing: 'image_lacks_program',
  processes_exhausted: 'quota_exceeded',
};

/** Any error as what may be told of it; null where it is a fault of ours. */
export function toRefusal(error: unknown): AgentRefusal | null {
  if (error instanceof AgentRefusal) return error;
  if (error instanceof Refusal) return new AgentRefusal(error.code, error.message);
  const code = error instanceof RuntimeFailure ? TOLD[error.code] : undefined;
  return code ? new AgentRefusal(code, (error as RuntimeFailure).message) : null;
}

export const statusOf = ({ code }: AgentRefusal): number => CATALOGUE[code].status;
