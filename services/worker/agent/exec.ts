import { MAX_OUTPUT_BYTES, type ExecBody, type ExecResult } from '#contracts';
import type { FastifyInstance } from 'fastify';
import { PassThrough } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { finished } from 'node:stream/promises';
import { supervise, type Ended, type Supervised, type Supervision } from '../workspace/supervised.js';
import { closing, type Gate, type Inside } from './gate.js';
import { AgentRefusal, toRefusal } from './refusal.js';

type Encoding = ExecBody['encoding'];

/** Runs one command for as long as its caller waits for it. */
export function serveExec(app: FastifyInstance, gate: Gate, supervision: Supervision): void {
  app.post<{ Body: ExecBody; Querystring: { stream?: string } }>('/exec', async (request, reply) => {
    const inside = await gate.running(request, 'exec', reply.raw);
    const signal = closing(reply);
    const execution = new Execution(gate, supervision, inside, request.body, signal);
    if (request.query.stream !== 'true') return reply.send(await execution.collect());
    void reply.type('text/event-stream');
    return reply.send(await execution.stream());
  });
}

class Execution {
  readonly #began = performance.now();
  readonly #entered = Date.now();
  #timedOut = false;

  constructor(
    private readonly gate: Gate,
    private readonly supervision: Supervision,
    private readonly inside: Inside,
    private readonly body: ExecBody,
    private readonly signal: AbortSignal,
  ) {}

  async collect(): Promise<ExecResult> {
    const outputs = { stdout: new Collected(), stderr: new Collected() };
    const program = await this.#begin((stream, piece) => outputs[stream].add(piece));
    program.output.resume();
    const exitCode = await this.#end(program);
    const { encoding } = this.body;
    return {
      exitCode,
      stdout: outputs.stdout.text(encoding),
      stderr: outputs.stderr.text(encoding),
      truncated: outputs.stdout.truncated || outputs.stderr.truncated,
      ...this.#measures(),
    };
  }

  /** Events as the output comes: as fast as it is read and no faster. */
  async stream(): Promise<NodeJS.ReadableStream> {
    const { encoding } = this.body;
    const decoders = { stdout: new Decoder(encoding), stderr: new Decoder(encoding) };
    const events = new PassThrough({ highWaterMark: 0 });
    const program = await this.#begin((stream, piece, hand) => {
      const data = decoders[stream].write(piece);
      if (data !== '') hand(event(stream, { data }));
    });
    // Written at once, so that a client knows that it is connected before the first output.
    events.write(': running\n\n');
    program.output.pipe(events, { end: false });
    void this.#end(program)
      .then((exitCode) => {
        for (const stream of ['stdout', 'stderr'] as const) {
          const data = decoders[stream].end();
          if (data !== '') events.write(event(stream, { data }));
        }
        events.end(event('exit', { exitCode, ...this.#measures() }));
      })
      .catch((error: unknown) => {
        const { code, message } = toRefusal(error) ?? new AgentRefusal('node_unavailable', 'The command was lost.');
        events.end(event('error', { code, detail: message }));
      });
    return events;
  }

  async #begin(take: Parameters<typeof supervise>[3]): Promise<Supervised> {
    const { command, cwd, env, stdin, user, encoding, timeoutSeconds } = this.body;
    const program = await this.gate.enter(this.inside, this.signal, () =>
      supervise(
        this.supervision,
        this.inside.containerId,
        {
          argv: typeof command === 'string' ? ['sh', '-c', command] : command,
          env: { ...this.inside.env, ...env },
          cwd,
          user,
          stdin: stdin === undefined ? undefined : Buffer.from(stdin, encoding),
        },
        take,
        this.signal,
      ),
    );
    const timer = setTimeout(() => {
      this.#timedOut = true;
      program.kill();
    }, timeoutSeconds * 1000);
    program.output.once('close', () => clearTimeout(timer));
    return program;
  }

  /** Its exit code, once all of its output was taken. */
  async #end(program: Supervised): Promise<number> {
    await finished(program.output, { writable: false });
    const ended: Ended | null = await program.ended().catch(async (error: unknown) => {
      throw await this.gate.reasonOf(error, this.inside, this.#entered);
    });
    if (ended && (ended.isTold || !(await this.gate.hasEnded(this.inside, this.#entered)))) return ended.exitCode;
    throw new AgentRefusal('container_not_running', 'The container ended while the command ran.');
  }

  #measures(): Pick<ExecResult, 'timedOut' | 'durationMs'> {
    return { timedOut: this.#timedOut, durationMs: Math.round(performance.now() - this.#began) };
  }
}

function event(name: string, data: object): Buffer {
  return Buffer.from(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** The beginning of an output. What comes beyond is read and dropped, so that the program is not held up. */
class Collected {
  truncated = false;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  add(piece: Buffer): void {
    const kept = piece.subarray(0, MAX_OUTPUT_BYTES - this.#bytes);
    if (kept.length < piece.length) this.truncated = true;
    if (kept.length === 0) return;
    this.#bytes += kept.length;
    // A copy: a few bytes would keep all that they came with.
    this.#pieces.push(Buffer.from(kept));
  }

  text(encoding: Encoding): string {
    return Buffer.concat(this.#pieces).toString(encoding);
  }
}

/** Text in pieces, none of which ends within a character; or each piece as base64 of its own. */
class Decoder {
  readonly #utf8: StringDecoder | null;

  constructor(encoding: Encoding) {
    this.#utf8 = encoding === 'utf8' ? new StringDecoder('utf8') : null;
  }

  write(piece: Buffer): string {
    return this.#utf8 ? this.#utf8.write(piece) : piece.toString('base64');
  }

  end(): string {
    return this.#utf8?.end() ?? '';
  }
}
