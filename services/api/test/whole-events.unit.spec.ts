import { describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { wholeEvents } from '../workspace/whole-events.js';

const LAST = 'event: error\ndata: {}\n\n';

describe('events that are passed on', () => {
  test.each([1, 2, 3, 7, 100])('are as they were, in pieces of %d bytes', async (size) => {
    const told = 'event: a\ndata: 1\n\n: x\n\nevent: b\ndata: ü\n\n';
    const body = new PassThrough();
    const passed = text(wholeEvents(body, LAST));
    const bytes = Buffer.from(told);
    for (let at = 0; at < bytes.length; at += size) body.write(bytes.subarray(at, at + size));
    body.end();
    expect(await passed).toBe(told);
  });

  test('come as they are written', async () => {
    const body = new PassThrough();
    const passed = wholeEvents(body, LAST);
    body.write(': running\n\n');
    await once(passed, 'readable');
    expect(String(passed.read())).toBe(': running\n\n');
  });

  test('end with a last one where they break off, without what was cut in two', async () => {
    const body = new PassThrough();
    const passed = text(wholeEvents(body, LAST));
    body.write('event: a\ndata: 1\n\nevent: b\nda');
    await new Promise(setImmediate);
    body.destroy(new Error('other side closed'));
    expect(await passed).toBe(`event: a\ndata: 1\n\n${LAST}`);
  });

  test('are no longer read once their reader has gone', async () => {
    const body = new PassThrough();
    const passed = wholeEvents(body, LAST);
    passed.destroy();
    await once(body, 'close');
    expect(body.destroyed).toBe(true);
  });
});
