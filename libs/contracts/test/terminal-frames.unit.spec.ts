import { describe, expect, test } from '@jest/globals';
import { encodeTerminalFrame, TerminalFrameReader, type TerminalFrame } from '../index.js';

const FRAMES: TerminalFrame[] = [
  { kind: 'open', cols: 80, rows: 24 },
  { kind: 'open', cols: 1, rows: 1000, command: ['printf', 'é\n'] },
  { kind: 'opened' },
  { kind: 'input', bytes: Buffer.from([0, 3, 255, 10]) },
  { kind: 'output', bytes: Buffer.alloc(70_000, 'x') },
  { kind: 'output', bytes: Buffer.alloc(0) },
  { kind: 'resize', cols: 132, rows: 50 },
  { kind: 'taken', bytes: 65_536 },
  { kind: 'refused', code: 'container_not_running', detail: 'Start it first.' },
  { kind: 'exit', exitCode: 130 },
  { kind: 'exit', exitCode: null },
];
const stream = Buffer.concat(FRAMES.map(encodeTerminalFrame));

/** What is read of a stream that comes in pieces of these lengths, over and over. */
function readInPieces(lengths: number[]): TerminalFrame[] {
  const reader = new TerminalFrameReader();
  const found: TerminalFrame[] = [];
  for (let from = 0, i = 0; from < stream.length; i += 1) {
    const to = from + (lengths[i % lengths.length] ?? 1);
    reader.read(stream.subarray(from, to), (frame) => found.push(frame));
    from = to;
  }
  return found;
}

describe('frames of a terminal’s connection', () => {
  test.each([[[1]], [[2]], [[4, 1]], [[5]], [[6, 3]], [[7, 1, 11]], [[1000, 1, 65_536]], [[stream.length]]])(
    'come whole from pieces of %j bytes',
    (lengths) => {
      expect(readInPieces(lengths)).toEqual(FRAMES);
    },
  );

  test('are handed on as soon as they are complete, and not before', () => {
    const reader = new TerminalFrameReader();
    const found: string[] = [];
    const bytes = encodeTerminalFrame({ kind: 'exit', exitCode: 0 });
    reader.read(bytes.subarray(0, -1), ({ kind }) => found.push(kind));
    expect(found).toEqual([]);
    reader.read(Buffer.concat([bytes.subarray(-1), bytes.subarray(0, 2)]), ({ kind }) => found.push(kind));
    expect(found).toEqual(['exit']);
  });

  test.each([
    ['a kind that there is not', Buffer.from([99, 0, 0, 0, 0])],
    ['a length that no frame has', Buffer.from([1, 0xff, 0, 0, 0])],
    ['a body that is no JSON', Buffer.from([0, 0, 0, 0, 1, 0x7b])],
    ['a size that no terminal has', encodeTerminalFrame({ kind: 'resize', cols: 0, rows: 24 })],
  ])('are refused with %s', (_what, bytes) => {
    expect(() => new TerminalFrameReader().read(bytes, () => undefined)).toThrow();
  });
});
