import { describe, expect, test } from '@jest/globals';
import { newMark, Trailer } from '../workspace/trailer.js';

/** What a trailer lets through of bytes that come in pieces of this size, and what it was told. */
function read(mark: string, bytes: Buffer, size: number): { output: string; told: string | null } {
  const trailer = new Trailer(mark);
  let output = '';
  for (let at = 0; at < bytes.length; at += size)
    output += trailer.take(bytes.subarray(at, at + size)).toString('latin1');
  output += trailer.end().toString('latin1');
  return { output, told: trailer.told };
}

describe('the announcement of an end', () => {
  const mark = newMark();

  test.each([1, 2, 7, 33, 34, 40, 1000])('is taken off, in pieces of %d bytes', (size) => {
    const output = `before \x1e and ${mark.slice(0, 20)} and ${mark}nonsense and \x1e\x1e`;
    expect(read(mark, Buffer.from(`${output}${mark}137,left;`, 'latin1'), size)).toEqual({ output, told: '137,left' });
  });

  test('ends the output: what outlives the program writes in vain', () => {
    expect(read(mark, Buffer.from(`a${mark}0;b${mark}1;`, 'latin1'), 5)).toEqual({ output: 'a', told: '0' });
  });

  test('that never comes leaves all of the output, also what looked like its beginning', () => {
    const output = `a${mark}12`;
    expect(read(mark, Buffer.from(output, 'latin1'), 3)).toEqual({ output, told: null });
  });

  test('of another run is output', () => {
    const output = `${newMark()}0;`;
    expect(read(mark, Buffer.from(output, 'latin1'), 4)).toEqual({ output, told: null });
  });

  test('holds back nothing that does not look like it', () => {
    expect(new Trailer(mark).take(Buffer.from('prompt$ ')).toString()).toBe('prompt$ ');
  });
});
