import type { Socket } from 'node:net';
import type { Duplex, Transform, Writable } from 'node:stream';
import { Writable as WritableStream } from 'node:stream';
import type Docker from 'dockerode';
import type { Beginnings } from './beginnings.js';
import { DEADLINE_MS } from './deadline.js';
import type { EngineConnection } from './engine-connection.js';
import type { Program, ProgramSpec, TakeOutput } from './exec-port.js';
import { RuntimeFailure } from './failure.js';
import { engineMessage, engineStatus } from './failures.js';
import { FrameReader } from './frames.js';
import { through, type Stage } from './stages.js';

/** How much output waits here for a slow reader; the rest waits in the engine and then in the program. */
const BUFFER_BYTES = 64 * 1024;
/**
 * The engine lets go of a terminal whose input has these keys, and holds each back until the next: by default ctrl-p, a
 * shell's way back in its history. There is no way to have none; these are never typed.
 */
const DETACH_KEYS = 'ctrl-^,ctrl-@,ctrl-^,ctrl-@,ctrl-^,ctrl-@,ctrl-^,ctrl-@';

export async function execute(
  { engine, beginnings }: { engine: EngineConnection; beginnings: Beginnings },
  containerId: string,
  spec: ProgramSpec,
  signal: AbortSignal,
): Promise<Program> {
  const deadline = { deadlineMs: DEADLINE_MS.exec, signal };
  const hasTerminal = spec.terminal !== undefined;
  const attached = spec.detached !== true;
  try {
    const exec = await engine.call('exec', deadline, (abortSignal) =>
      engine.docker.getContainer(containerId).exec({
        Cmd: spec.argv,
        Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
        AttachStdin: attached,
        AttachStdout: attached,
        AttachStderr: attached && !hasTerminal,
        Tty: hasTerminal,
        ...(hasTerminal && { DetachKeys: DETACH_KEYS }),
        ...(spec.user !== undefined && { User: spec.user }),
        abortSignal,
      }),
    );
    const socket = await beginnings.begin(containerId, exec, signal, () =>
      begin(engine, exec, { attached, tty: hasTerminal }, deadline),
    );
    if (socket) {
      const heard = socket.bytesRead;
      socket.once('end', () => beginnings.begun(containerId, exec));
      // What has said something has begun.
      socket.once('close', () => beginnings[socket.bytesRead > heard ? 'begun' : 'abandon'](containerId, exec));
    } else beginnings.begun(containerId, exec);
    const program = new AttachedProgram(engine, exec, socket, hasTerminal);
    if (spec.terminal) {
      await program.resize(spec.terminal).catch((error: unknown) => {
        program.close();
        throw error;
      });
    }
    return program;
  } catch (error) {
    throw executionFailure(error);
  }
}

async function begin(
  engine: EngineConnection,
  exec: Docker.Exec,
  { attached, tty }: { attached: boolean; tty: boolean },
  deadline: { deadlineMs: number; signal: AbortSignal },
): Promise<Socket | null> {
  if (!attached) {
    await engine.call('exec start', deadline, (abortSignal) => exec.start({ Detach: true, Tty: tty, abortSignal }));
    return null;
  }
  const opened = await engine.openStream('exec start', deadline, (abortSignal) =>
    exec.start({ hijack: true, stdin: true, Tty: tty, abortSignal }),
  );
  const socket = opened.stream as Socket;
  socket.once('close', opened.close);
  return socket;
}

export async function hasPath(
  engine: EngineConnection,
  containerId: string,
  path: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await engine.call('stat', { deadlineMs: DEADLINE_MS.inspect, signal }, (abortSignal) =>
      engine.docker.getContainer(containerId).infoArchive({ path, abortSignal }),
    );
    return true;
  } catch (error) {
    if (engineStatus(error) === 404) return false;
    throw error;
  }
}

class AttachedProgram implements Program {
  private reading: Transform | null = null;
  private finished = false;

  constructor(
    private readonly engine: EngineConnection,
    private readonly exec: Docker.Exec,
    private readonly socket: Duplex | null,
    private readonly hasTerminal: boolean,
  ) {}

  get id(): string {
    return this.exec.id;
  }

  get stdin(): Writable {
    return this.socket ?? new WritableStream();
  }

  output(take: TakeOutput, end: (hand: (bytes: Buffer) => void) => void = () => undefined) {
    const stage = this.hasTerminal ? plain(take, end) : framed(take, end, () => this.finished);
    const stream = through([stage], BUFFER_BYTES);
    this.reading = stream;
    const { socket } = this;
    if (!socket) return stream.end();
    socket.pipe(stream);
    socket.once('error', (error) => stream.destroy(error));
    socket.once('close', () => {
      if (!socket.readableEnded && !stream.writableEnded) stream.destroy(connectionLost());
    });
    stream.once('close', () => socket.destroy());
    return stream;
  }

  finish(): void {
    if (!this.reading) return;
    this.finished = true;
    this.socket?.unpipe(this.reading);
    this.reading.end();
  }

  async exitCode(): Promise<number | null> {
    const deadline = { deadlineMs: DEADLINE_MS.inspect };
    const info = await this.engine.call('exec inspect', deadline, (abortSignal) => this.exec.inspect({ abortSignal }));
    return info.Running ? null : info.ExitCode;
  }

  async resize({ cols, rows }: { cols: number; rows: number }): Promise<void> {
    const deadline = { deadlineMs: DEADLINE_MS.inspect };
    await this.engine.call('exec resize', deadline, (abortSignal) =>
      this.exec.resize({ w: cols, h: rows, abortSignal }),
    );
  }

  close(): void {
    this.socket?.destroy();
  }
}

function connectionLost(): RuntimeFailure {
  return new RuntimeFailure('docker_unavailable', 'The connection to the container engine broke.', { retryable: true });
}

function plain(take: TakeOutput, end: (hand: (bytes: Buffer) => void) => void): Stage {
  return { take: (chunk, hand) => take('stdout', chunk, hand), end };
}

/** `isFinished`: what is left out of the last frame is not missed. */
function framed(take: TakeOutput, end: (hand: (bytes: Buffer) => void) => void, isFinished: () => boolean): Stage {
  const frames = new FrameReader();
  return {
    take: (chunk, hand) => frames.read(chunk, (stream, piece) => take(stream, piece, hand)),
    end: (hand) => {
      if (!isFinished()) frames.end();
      end(hand);
    },
  };
}

function executionFailure(error: unknown): unknown {
  const message = engineMessage(error);
  const refused = (code: RuntimeFailure['code'], told: string): RuntimeFailure =>
    new RuntimeFailure(code, told, { retryable: false, cause: error });
  if (engineStatus(error) === 409 && /is paused/i.test(message)) {
    return refused('container_paused', 'The container stands still.');
  }
  if (/unable to find (user|group)|no matching entries in (passwd|group)/i.test(message)) {
    return refused('user_unknown', 'The container has no such user.');
  }
  if (/executable file not found|no such file or directory: unknown/i.test(message)) {
    return refused('program_missing', 'The image lacks a program.');
  }
  return error;
}
