import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SseParser, type SseMessage } from '../sse.js';

const line = fc.string({ unit: fc.constantFrom('a', ':', ' ', 'é', '😀', '{', '"'), maxLength: 8 });
const message = fc.record(
  {
    event: fc.constantFrom('reset', 'progress', 'stdout'),
    id: fc.constantFrom('1-2', '30-40'),
    data: fc.array(line, { minLength: 1, maxLength: 3 }),
  },
  { requiredKeys: ['data'] },
);
const end = fc.constantFrom('\n', '\r\n', '\r');

const parsedIn = (pieces: string[]): SseMessage[] => {
  const parser = new SseParser();
  return pieces.flatMap((piece) => parser.push(piece));
};

test('messages are the same, wherever the stream is cut and however its lines end', () => {
  const scene = fc.tuple(fc.array(message, { maxLength: 5 }), end, fc.array(fc.nat(400), { maxLength: 12 }));
  fc.assert(
    fc.property(scene, ([messages, newline, cuts]) => {
      const blocks = messages.map(({ event, id, data }) => [
        ': a comment',
        ...(event === undefined ? [] : [`event: ${event}`]),
        ...(id === undefined ? [] : [`id: ${id}`]),
        ...data.map((each) => `data: ${each}`),
        '',
        '',
      ]);
      const text = `\uFEFF${blocks.map((lines) => lines.join(newline)).join('')}`;
      const places = [...cuts.map((place) => Math.min(place, text.length)), text.length].sort((a, b) => a - b);
      const pieces = places.map((place, index) => text.slice(places[index - 1] ?? 0, place));
      expect(parsedIn(pieces)).toEqual(
        messages.map(({ event = 'message', id, data }) => ({
          event,
          data: data.join('\n'),
          ...(id !== undefined && { id }),
        })),
      );
    }),
  );
});

test('a block of an id alone is told; one that is not whole, a comment and an unknown field are not', () => {
  expect(parsedIn([': open\nid: 1-2\n\n', ': alive\n\nwhat: ever\n\ndata: half'])).toEqual([
    { event: 'message', id: '1-2', data: null },
  ]);
  expect(parsedIn(['data\n\n', 'data:x\ndata:  y\n\n'])).toEqual([
    { event: 'message', data: '' },
    { event: 'message', data: 'x\n y' },
  ]);
});
