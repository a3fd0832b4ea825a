import { DEADLINE_MS, DeadlineExceeded } from './deadline.js';
import type { EngineConnection } from './engine-connection.js';
import type { TransferOptions } from './image-port.js';
import type { Stage } from './stages.js';
import { TarWalker, type TarEntry } from './tar.js';

/** The longest that a timer can wait: a transfer ends by its own rule. */
const NEVER_MS = 2 ** 31 - 1;
const PROGRESS_EVERY_MS = 250;
/** A stall is told by this many looks without a byte; by the clock, it would be found where the process itself had slept. */
const LOOKS = 10;

export interface TransferParts extends TransferOptions {
  /** For the log. */
  call: string;
  totalBytes: number | null;
  /** How long it may stand still; for tests. */
  idleMs?: number;
}

/** Counts what went through, tells its progress and notices a stand-still. */
export class Meter {
  /** Rejects when no byte has moved for too long. */
  readonly stalled: Promise<never>;
  /** Whether everything was sent, so that only the engine's answer is waited for. */
  finished = false;
  private bytes = 0;
  private toldAt = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly parts: TransferParts) {
    const idleMs = parts.idleMs ?? DEADLINE_MS.idle;
    this.stalled = new Promise((_resolve, reject) => {
      let seen = 0;
      let looks = 0;
      this.timer = setInterval(() => {
        looks = this.bytes === seen ? looks + 1 : 0;
        seen = this.bytes;
        const limitMs = this.finished ? DEADLINE_MS.image : idleMs;
        if (looks * (idleMs / LOOKS) >= limitMs) reject(new DeadlineExceeded(parts.call, limitMs));
      }, idleMs / LOOKS);
    });
    this.stalled.catch(() => undefined);
  }

  /** Passes a tar through, and fails where it is not whole: the engine ends one that it could not read as it ends any. */
  pass(options: { entry?: (entry: TarEntry) => void; onEnd?: () => void } = {}): Stage {
    const walker = new TarWalker({ entry: options.entry });
    return {
      take: (chunk, hand) => {
        this.count(chunk.length);
        walker.write(chunk);
        hand(chunk);
      },
      end: () => {
        walker.end();
        this.finished = true;
        options.onEnd?.();
      },
    };
  }

  /** Tells the end. */
  done(): void {
    const { onProgress, totalBytes } = this.parts;
    onProgress?.({ bytes: this.bytes, totalBytes: totalBytes === null ? null : this.bytes });
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private count(bytes: number): void {
    this.bytes += bytes;
    const { onProgress, totalBytes } = this.parts;
    const now = performance.now();
    if (!onProgress || now - this.toldAt < PROGRESS_EVERY_MS) return;
    this.toldAt = now;
    onProgress({ bytes: this.bytes, totalBytes: totalBytes === null ? null : Math.max(totalBytes, this.bytes) });
  }
}

/**
 * Runs what moves bytes through this process, for as long as they move. `run` gets a signal that ends its connections
 * once the transfer is over, however it ended.
 */
export async function transfer<T>(
  engine: EngineConnection,
  parts: TransferParts,
  run: (meter: Meter, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const meter = new Meter(parts);
  // Of its own: a call that has been answered does not end what still moves.
  const over = new AbortController();
  try {
    const result = await engine.call(parts.call, { deadlineMs: NEVER_MS, signal: parts.signal }, (signal) => {
      signal.addEventListener('abort', () => over.abort(signal.reason), { once: true });
      return Promise.race([run(meter, over.signal), meter.stalled]);
    });
    meter.done();
    return result;
  } finally {
    meter.stop();
    over.abort();
  }
}
