/** What a runtime call can fail with. The first group are codes of an operation's error, the rest stay inside Berth. */
export type RuntimeFailureCode =
  | 'image_not_found'
  | 'image_pull_failed'
  | 'docker_unavailable'
  | 'docker_error'
  | 'disk_full'
  | 'start_failed'
  | 'container_not_found'
  | 'container_not_running'
  | 'container_paused'
  | 'user_unknown'
  | 'program_missing'
  | 'directory_missing'
  | 'processes_exhausted'
  | 'name_conflict'
  | 'aborted';

/** The one error this library throws. `message` is for people and holds none of the engine's own words; `cause` does, for the log. */
export class RuntimeFailure extends Error {
  readonly code: RuntimeFailureCode;
  readonly retryable: boolean;
  /** Of a `start_failed`. */
  readonly exitCode: number | null;

  constructor(
    code: RuntimeFailureCode,
    message: string,
    options: { retryable: boolean; exitCode?: number; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.name = 'RuntimeFailure';
    this.code = code;
    this.retryable = options.retryable;
    this.exitCode = options.exitCode ?? null;
  }
}
