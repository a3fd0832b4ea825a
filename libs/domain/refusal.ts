import type { OperationKind, Status } from './vocabulary.js';

/** A request that the rules refuse. The code is one of the catalogue in libs/contracts. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  /** Members added to the problem document. */
  readonly extra: RefusalExtra;

  constructor(code: RefusalCode, message: string, extra: RefusalExtra = {}) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.extra = extra;
  }
}

export interface RefusalExtra {
  containerStatus?: Status;
  allowed?: string[];
  /** Where it differs from what the catalogue says of the code. */
  retryable?: boolean;
}

export type RefusalCode =
  | 'bot_not_found'
  | 'container_not_found'
  | 'operation_not_found'
  | 'node_not_found'
  | 'invalid_transition'
  | 'version_mismatch'
  | 'quota_exceeded'
  | 'no_capacity'
  | 'node_unavailable'
  | 'container_not_running'
  | 'name_taken'
  | 'snapshot_not_found'
  | 'snapshot_busy'
  | 'task_not_found'
  | 'validation_failed';

/** `container.start` as the verb of its call: `start`; the making of a snapshot is `snapshot`. */
export function verbOf(kind: OperationKind): string {
  return kind === 'snapshot.create' ? 'snapshot' : kind.slice(kind.indexOf('.') + 1);
}
