import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { demultiplex } from '../logs.js';

type Frame = { stream: 'stdout' | 'stderr'; data: Uint8Array };

function encode(frames: Frame[]): Buffer {
  return Buffer.concat(
    frames.flatMap(({ stream, data }) => {
      const header = Buffer.alloc(8);
      header.writeUInt8(stream === 'stdout' ? 1 : 2, 0);
      header.writeUInt32BE(data.length, 4);
      return [header, Buffer.from(data)];
    }),
  );
}

async function* inPieces(bytes: Buffer, sizes: number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
    await Promise.resolve();
  }
}

async function decode(source: AsyncIterable<Buffer>): Promise<Record<'stdout' | 'stderr', string>> {
  const parts: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  for await (const { stream, data } of demultiplex(source)) parts[stream].push(data);
  return { stdout: Buffer.concat(parts.stdout).toString('hex'), stderr: Buffer.concat(parts.stderr).toString('hex') };
}

test('gives every byte to its stream, however the bytes arrive', async () => {
  const frame = fc.record({
    stream: fc.constantFrom('stdout' as const, 'stderr' as const),
    data: fc.uint8Array({ maxLength: 40 }),
  });
  const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(fc.array(frame), sizes, async (frames, pieces) => {
      const of = (stream: Frame['stream']) =>
        Buffer.concat(frames.filter((each) => each.stream === stream).map(({ data }) => data)).toString('hex');
      expect(await decode(inPieces(encode(frames), pieces))).toEqual({ stdout: of('stdout'), stderr: of('stderr') });
    }),
  );
});

test('passes a long frame on in parts', async () => {
  const bytes = encode([{ stream: 'stdout', data: Buffer.alloc(100_000) }]);
  const lengths: number[] = [];
  for await (const { data } of demultiplex(inPieces(bytes, [10_000]))) lengths.push(data.length);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(10_000);
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(100_000);
});

test.each([
  ['is cut within a frame', encode([{ stream: 'stdout', data: Buffer.from('abc') }]).subarray(0, 9)],
  ['is cut within a header', encode([{ stream: 'stdout', data: Buffer.from('abc') }]).subarray(0, 5)],
  ['is not multiplexed', Buffer.from('plain text of a terminal')],
  ["holds the engine's own complaint", Buffer.from([3, 0, 0, 0, 0, 0, 0, 1, 65])],
])('fails where the log %s', async (_what, bytes) => {
  await expect(decode(inPieces(bytes, [100]))).rejects.toMatchObject({ code: 'docker_error' });
});
