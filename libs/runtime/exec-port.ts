import type { Readable, Writable } from 'node:stream';

/** Programs in running containers. */
export interface Programs {
  /**
   * Starts a program beside the main process. `container_not_found`; `container_not_running` where it does not run;
   * `container_paused` where it stands still; `user_unknown`; `program_missing` where the image has no `argv[0]`.
   */
  execute(containerId: string, spec: ProgramSpec, signal: AbortSignal): Promise<Program>;

  /** Whether there is something at a path, links followed, whether or not the container runs. */
  hasPath(containerId: string, path: string, signal: AbortSignal): Promise<boolean>;
}

export interface ProgramSpec {
  argv: string[];
  /** Its environment, on top of the container's. Kept by the engine for as long as it runs, shown by none of its calls. */
  env: Record<string, string>;
  /** A name or uid of the container's, with `:group` if wanted; the image's own by default. */
  user?: string | undefined;
  /** With a terminal of this size, whose output is all `stdout`. */
  terminal?: TerminalSize | undefined;
  /** Nobody reads its output or writes its input: it goes on whatever becomes of this process. */
  detached?: boolean | undefined;
}

export interface TerminalSize {
  cols: number;
  rows: number;
}

/** A program under way. Its connection is not its life: it may go on when that is closed. */
export interface Program {
  /** The engine's id of it. */
  readonly id: string;
  /** To be ended for the end of its input; once what it wrote has been read, it is ended. */
  readonly stdin: Writable;
  /**
   * Its output, as a stream of what `take` hands on for each piece of it, `end` after the last. To be called once. As
   * fast as it is read and no faster; fails where the connection breaks.
   */
  output(take: TakeOutput, end?: (hand: (bytes: Buffer) => void) => void): Readable;
  /** Null while it runs, or where the engine no longer knows. */
  exitCode(): Promise<number | null>;
  /** Ends the output here, whoever holds the connection open. */
  finish(): void;
  resize(size: TerminalSize): Promise<void>;
  close(): void;
}

export type TakeOutput = (stream: 'stdout' | 'stderr', piece: Buffer, hand: (bytes: Buffer) => void) => void;
