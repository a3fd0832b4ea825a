import { describe, expect, test } from '@jest/globals';
import type { LogChunk } from '#runtime';
import fc from 'fast-check';
import { logEvents, logText } from '../agent/log-stream.js';

const out = (data: string | Buffer): LogChunk => ({ stream: 'stdout', data: Buffer.from(data) });
const err = (data: string | Buffer): LogChunk => ({ stream: 'stderr', data: Buffer.from(data) });

async function* from(chunks: LogChunk[]): AsyncGenerator<LogChunk> {
  yield* chunks;
}

/** What a client of server-sent events makes of it: `[event, data]`. */
async function events(chunks: LogChunk[]): Promise<[string, string][]> {
  let text = '';
  for await (const part of logEvents(from(chunks))) text += Buffer.from(part).toString();
  expect(text.endsWith('\n\n')).toBe(true);
  return text
    .split('\n\n')
    .filter((block) => block !== '' && !block.startsWith(':'))
    .map((block) => /^event: (\w+)\ndata: ([^\r\n]*)$/.exec(block)?.slice(1) ?? ['malformed', block])
    .map(([name = '', data = '']) => [name, data]);
}
const END: [string, string] = ['end', '{}'];
const lines = async (...chunks: LogChunk[]) => {
  const all = await events(chunks);
  expect(all.pop()).toEqual(END);
  return all;
};

describe('a followed log', () => {
  test('says that it is open before there is anything to say', async () => {
    const stream = logEvents(from([]));
    expect((await stream.next()).value).toBe(': following\n\n');
    expect((await stream.next()).value).toBe('event: end\ndata: {}\n\n');
    expect((await stream.next()).done).toBe(true);
  });

  test('is told by the line, each of its stream', async () => {
    expect(await lines(out('a\nb'), err('x\n'), out('c\n\nd'))).toEqual([
      ['stdout', 'a'],
      ['stderr', 'x'],
      ['stdout', 'bc'],
      ['stdout', ''],
      ['stdout', 'd'],
    ]);
  });

  test('ends with what was left of each stream', async () => {
    expect(await lines(err('half'), out('whole\nhalf'))).toEqual([
      ['stdout', 'whole'],
      ['stdout', 'half'],
      ['stderr', 'half'],
    ]);
  });

  test('is not disturbed by CR, which would end a field', async () => {
    expect(await lines(out('a\r\nb\r'), out('\nc'))).toEqual([
      ['stdout', 'a'],
      ['stdout', 'b'],
      ['stdout', 'c'],
    ]);
    expect(await lines(out('data: x\revent: end\n'))).toEqual([['stdout', 'data: xevent: end']]);
  });

  test('keeps characters whole, wherever the chunks are cut', async () => {
    const text = fc.array(fc.string({ unit: 'grapheme', maxLength: 6 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(40), { maxLength: 5 }), async (words, cuts) => {
        const whole = words.map((word) => word.replaceAll(/[\r\n]/g, ''));
        const bytes = Buffer.from(`${whole.join('\n')}\n`);
        const at = [0, ...cuts.map((cut) => cut % bytes.length), bytes.length].sort((a, b) => a - b);
        const chunks = at.slice(1).map((end, i) => out(bytes.subarray(at[i], end)));
        // Two streams at once do not share a half character.
        expect(await lines(...chunks.flatMap((chunk) => [chunk, err(chunk.data)]))).toEqual(
          expect.arrayContaining(whole.flatMap((line) => [['stdout', line] as const, ['stderr', line] as const])),
        );
        expect(await lines(...chunks)).toEqual(whole.map((line) => ['stdout', line]));
      }),
    );
  });

  test('tells what is no UTF-8 nevertheless', async () => {
    expect(await lines(out(Buffer.from([0xff, 0x0a, 0xe2, 0x82])))).toEqual([
      ['stdout', '\ufffd'],
      ['stdout', '\ufffd'],
    ]);
  });

  test('tells a long line in parts, without holding it', async () => {
    const chunks = Array.from({ length: 10 }, () => out('x'.repeat(5_000)));
    const told = await lines(...chunks, out('y\nz\n'));
    expect(told.map(([, line]) => line.length)).toEqual([16_384, 16_384, 16_384, 849, 1]);
    expect(told.map(([, line]) => line).join('')).toBe(`${'x'.repeat(50_000)}yz`);
    const atOnce = await lines(out('x'.repeat(40_000)), err('-'));
    expect(atOnce.map(([, line]) => line.length)).toEqual([16_384, 16_384, 7_232, 1]);
  });

  test('tells a long line in parts, also where its end comes with it', async () => {
    const told = await lines(out(`${'x'.repeat(40_000)}\n`));
    expect(Math.max(...told.map(([, line]) => line.length))).toBeLessThanOrEqual(16_384);
  });
  test('does not part a long line within a character', async () => {
    const told = await lines(out(`x${'😀'.repeat(10_000)}`));
    expect(told.map(([, line]) => line).join('')).toBe(`x${'😀'.repeat(10_000)}`);
  });
});

test('a log that is not followed is told as it was written', async () => {
  const parts: Buffer[] = [];
  const written = [out(Buffer.from([0xff, 0, 13, 10])), err('x')];
  for await (const part of logText(from(written))) parts.push(part);
  expect(Buffer.concat(parts)).toEqual(Buffer.from([0xff, 0, 13, 10, 0x78]));
});
