import { type Readable, pipeline, Transform } from 'node:stream';

/** A step of what bytes go through on their way. What it throws ends the stream. */
export interface Stage {
  take(chunk: Buffer, hand: Hand): void;
  end(hand: Hand): void;
}
type Hand = (piece: Buffer) => void;

/** As much is read ahead while the engine is busy with what came before; with less, each side waits for the other. */
const BUFFER_BYTES = 8 * 1024 * 1024;

/** One stream of several stages: a stream, or a generator, for each costs more than all that they do. */
export function through(stages: Stage[], bufferBytes = BUFFER_BYTES): Transform {
  const stream = new Transform({
    readableHighWaterMark: bufferBytes,
    transform: (chunk: Buffer, _encoding, done) => settle(done, () => first(chunk)),
    flush: (done) => settle(done, () => stages.forEach((stage, i) => stage.end(hands[i] ?? push))),
  });
  const push: Hand = (piece) => void (piece.length > 0 && stream.push(piece));
  const hands: Hand[] = stages.map((_stage, i) => (piece) => {
    const next = stages[i + 1];
    if (next) next.take(piece, hands[i + 1] ?? push);
    else push(piece);
  });
  const first: Hand = (chunk) => (stages[0] ? stages[0].take(chunk, hands[0] ?? push) : push(chunk));
  return stream;
}

/** Lets a source flow into such a stream; whatever goes wrong with either ends both. */
export function feed(source: Readable, stream: Transform): void {
  pipeline(source, stream, () => undefined);
}

function settle(done: (error?: Error) => void, run: () => void): void {
  try {
    run();
  } catch (error) {
    return done(error as Error);
  }
  done();
}
