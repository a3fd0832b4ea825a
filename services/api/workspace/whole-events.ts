import { Transform, type Readable } from 'node:stream';

const END = Buffer.from('\n\n');

/**
 * Server-sent events as they come, each whole, so that one that is cut off is taken for none. Where they break off, `last`
 * comes instead of the rest, and the stream ends as it should.
 */
export function wholeEvents(body: Readable, last: string): Readable {
  // What has come of an event whose end has not.
  let pieces: Buffer[] = [];
  let isBroken = false;
  const whole = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      const before = pieces.at(-1)?.subarray(-1) ?? Buffer.alloc(0);
      const at = Buffer.concat([before, chunk]).lastIndexOf(END);
      if (at < 0) {
        pieces.push(chunk);
        return done();
      }
      const end = at + END.length - before.length;
      const events = Buffer.concat([...pieces, chunk.subarray(0, end)]);
      pieces = end < chunk.length ? [chunk.subarray(end)] : [];
      done(null, events);
    },
    flush: (done) => done(null, isBroken ? last : Buffer.concat(pieces)),
  });
  body.once('error', () => {
    isBroken = true;
    whole.end();
  });
  whole.once('close', () => body.destroy());
  body.pipe(whole);
  return whole;
}
