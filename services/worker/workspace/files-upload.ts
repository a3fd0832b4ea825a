import { Transform, type Readable } from 'node:stream';
import { AgentRefusal } from '../agent/refusal.js';
import { FirstLine } from './files-first-line.js';
import { runFiles, type FileCall, type FileProgram } from './files-program.js';

export interface Upload {
  /** Part of the name under which it is written. */
  id: string;
  maxBytes: number;
}

/** What a body goes through. What `take` throws ends the upload, and nothing appears. */
export interface UploadStage {
  take(chunk: Buffer, hand: (bytes: Buffer) => void): void;
  /** Hands on what proves that the body came to its end. */
  end(hand: (bytes: Buffer) => void): void;
}

/** How long a script may take to remove what it has begun. Milliseconds. */
const CLEANING_MS = 10_000;
const BUFFER_BYTES = 1024 * 1024;

/** Runs a script that reads a body, and what it told in the end. Throws AgentRefusal. */
export async function sendAll(
  call: FileCall,
  script: string,
  args: string[],
  body: Readable,
  stage: UploadStage,
): Promise<string[]> {
  const line = new FirstLine(/^ready$/);
  const program = await runFiles(call, script, args, (piece) => void line.take(piece));
  program.output.resume();
  // No byte is sent before the script can read it, or has told why it does not.
  await Promise.race([line.read, program.verdict]);
  const passage = new Passage(body, stage, program);
  try {
    await Promise.race([passage.passed, program.verdict]);
    program.stdin.end();
    return await program.verdict;
  } catch (error) {
    passage.stop();
    await cleaned(program);
    throw error;
  }
}

/** A body on its way to a script. */
class Passage {
  /** Resolves when all of it was passed on, and what proves it. */
  readonly passed: Promise<void>;
  readonly #stages: Transform;

  constructor(
    private readonly body: Readable,
    stage: UploadStage,
    private readonly program: FileProgram,
  ) {
    const stages = new Transform({
      readableHighWaterMark: BUFFER_BYTES,
      writableHighWaterMark: BUFFER_BYTES,
      transform: (chunk: Buffer, _encoding, done) =>
        settle(done, () => stage.take(chunk, (bytes) => void stages.push(bytes))),
      flush: (done) => settle(done, () => stage.end((bytes) => void stages.push(bytes))),
    });
    this.#stages = stages;
    this.passed = new Promise((resolve, reject) => {
      const cut = (): void => {
        if (!body.readableEnded) reject(new AgentRefusal('node_unavailable', 'The upload was cut off.'));
      };
      body.once('error', cut).once('close', cut);
      stages.once('error', reject).once('end', resolve);
    });
    this.passed.catch(() => undefined);
    body.pipe(stages);
    stages.pipe(program.stdin, { end: false });
  }

  stop(): void {
    this.body.unpipe(this.#stages);
    this.#stages.unpipe(this.program.stdin);
    this.#stages.destroy();
  }
}

function settle(done: (error?: Error) => void, run: () => void): void {
  try {
    run();
  } catch (error) {
    return done(error as Error);
  }
  done();
}

/** Ends a script that has not got all, and waits until it has removed what it wrote. */
async function cleaned({ output, stdin }: FileProgram): Promise<void> {
  if (output.closed) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, CLEANING_MS);
    output.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    stdin.end();
  });
}
