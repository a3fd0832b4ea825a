import { describe, expect, test } from '@jest/globals';
import { fileCursorOf, nameInCursor } from '#contracts';
import fc from 'fast-check';
import { FirstLine } from '../workspace/files-first-line.js';
import { readListing } from '../workspace/files-listing.js';
import { rangeIn } from '../workspace/files-range.js';
import { refusalOf, verdictIn } from '../workspace/files-verdict.js';

describe('a range', () => {
  test.each([
    ['bytes=0-0', { first: 0, bytes: 1 }],
    ['bytes=2-4', { first: 2, bytes: 3 }],
    ['bytes=2-', { first: 2, bytes: 8 }],
    ['bytes=9-', { first: 9, bytes: 1 }],
    ['bytes=0-99999', { first: 0, bytes: 10 }],
    ['bytes=-3', { first: 7, bytes: 3 }],
    ['bytes=-30', { first: 0, bytes: 10 }],
    ['Bytes = 1 - 2', { first: 1, bytes: 2 }],
    ['bytes=10-', 'beyond'],
    ['bytes=10-20', 'beyond'],
    [`bytes=${'9'.repeat(23)}-`, 'beyond'],
    ['bytes=-0', 'beyond'],
  ])('%s of ten bytes', (header, expected) => {
    expect(rangeIn(header, 10)).toEqual(expected);
  });

  test('what is none, or is several, stands for the whole', () => {
    for (const header of [undefined, '', 'bytes=', 'bytes=-', 'bytes=4-2', 'items=0-1', 'bytes=0-1,3-4', 'bytes=a-b']) {
      expect(rangeIn(header, 10)).toBeNull();
    }
  });

  test('of an empty file is beyond it', () => {
    expect(rangeIn('bytes=0-', 0)).toBe('beyond');
    expect(rangeIn('bytes=-5', 0)).toBe('beyond');
  });

  test('is within its file, whatever is asked', () => {
    const number = fc.option(fc.nat({ max: 2000 }), { nil: null });
    fc.assert(
      fc.property(number, number, fc.nat({ max: 1000 }), (from, to, size) => {
        const range = rangeIn(`bytes=${from ?? ''}-${to ?? ''}`, size);
        if (range === null || range === 'beyond') return;
        expect(range.bytes).toBeGreaterThan(0);
        expect(range.first + range.bytes).toBeLessThanOrEqual(size);
      }),
    );
  });
});

describe('a listing', () => {
  const block = (entries: string[], targets: string[] = []): string =>
    `${entries.map((entry) => `${entry}/\n`).join('')}\0${targets.map((target) => `${target}\0`).join('')}\0`;
  const listed = (text: string) => readListing(Buffer.from(text));

  test('of entries of every kind', () => {
    const { entries, last } = listed(
      block(['81a4 5 1000000000 ./a', '41ed 4096 0 ./d', 'a1ff 4 -1 ./l', '11a4 0 1 ./p', '89ed 1 1.5 ./s'], ['l/a/b']),
    );
    expect(last).toBeNull();
    expect(entries).toEqual([
      { name: 'a', type: 'file', size: 5, mode: '0644', modifiedAt: '2001-09-09T01:46:40.000Z' },
      { name: 'd', type: 'directory', size: 4096, mode: '0755', modifiedAt: '1970-01-01T00:00:00.000Z' },
      { name: 'l', type: 'symlink', size: 4, mode: '0777', modifiedAt: '1969-12-31T23:59:59.000Z', target: 'a/b' },
      { name: 'p', type: 'other', size: 0, mode: '0644', modifiedAt: '1970-01-01T00:00:01.000Z' },
      { name: 's', type: 'file', size: 1, mode: '4755', modifiedAt: '1970-01-01T00:00:01.000Z' },
    ]);
  });

  test('of names that look like what is around them', () => {
    const names = ['81a4 5 1 .', 'a\n81a4 5 1 .', '\n', ' ', '.\n', 'ü☃', "'", '-'];
    const { entries } = listed(block(names.map((name) => `81a4 1 1 ./${name}`)));
    expect(entries.map(({ name }) => name)).toEqual(names);
  });

  test('goes on from block to block, and after the last name', () => {
    const { entries, last } = listed(
      `${block(['81a4 1 1 ./a'])}${block([])}${block(['a1ff 1 1 ./b'], ['b/x\n/y'])}the last\none`,
    );
    expect(entries.map(({ name, target }) => [name, target])).toEqual([
      ['a', undefined],
      ['b', 'x\n/y'],
    ]);
    expect(last?.toString()).toBe('the last\none');
  });

  test('of nothing', () => {
    expect(listed('')).toEqual({ entries: [], last: null });
    expect(listed(block([]))).toEqual({ entries: [], last: null });
  });

  test('a time that no date can hold is the last or the first one', () => {
    const { entries } = listed(block(['81a4 1 99999999999999 ./a', '81a4 1 -99999999999999 ./b']));
    expect(entries.map(({ modifiedAt }) => modifiedAt)).toEqual([
      '+275760-09-13T00:00:00.000Z',
      '-271821-04-20T00:00:00.000Z',
    ]);
  });
});

test('a cursor is the name that it was made of, whatever its bytes', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 255 }).map((array) => Buffer.from(array));
  fc.assert(
    fc.property(bytes, (name) => {
      const isName = !name.includes(0) && !name.includes('/');
      expect(nameInCursor(fileCursorOf(name))).toEqual(isName ? name : null);
    }),
  );
  for (const cursor of [
    '',
    'x',
    'ZmlsZXM6',
    Buffer.from('names:a').toString('base64url'),
    `${fileCursorOf(Buffer.from('a'))}=`,
  ]) {
    expect(nameInCursor(cursor)).toBeNull();
  }
});

describe('the first line', () => {
  test('is told whole, and what follows is handed on', async () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 30 })), (cuts) => {
        const line = new FirstLine(/^\d+ \d+$/);
        const text = Buffer.from('12 345\nbytes\nand more');
        const ends = [...new Set(cuts)].filter((cut) => cut < text.length).sort((a, b) => a - b);
        const rest = [...ends, text.length].map((end, i) => line.take(text.subarray(ends[i - 1] ?? 0, end)));
        expect(Buffer.concat(rest).toString()).toBe('bytes\nand more');
      }),
    );
    const line = new FirstLine(/^ready$/);
    line.take(Buffer.from('rea'));
    line.take(Buffer.from('dy\n'));
    expect(await line.read).toBe('ready');
  });

  test('where it is another, nothing is handed on', () => {
    for (const words of ['OCI runtime exec failed: exec failed\nready\nx', `${'x'.repeat(200)}\nready\nx`]) {
      const line = new FirstLine(/^ready$/);
      expect(line.take(Buffer.from(words)).length).toBe(0);
      expect(line.take(Buffer.from('ready\nmore')).length).toBe(0);
    }
  });
});

describe('a verdict', () => {
  test('is the first whole line that is one', () => {
    expect(verdictIn('')).toBeNull();
    expect(verdictIn('tar: something\n')).toBeNull();
    expect(verdictIn('tar: something\n\x1enew 12')).toBeNull();
    expect(verdictIn('tar: something\n\x1enew 12\nmore\n\x1efailed\n')).toEqual(['new', '12']);
  });

  test('is a refusal, or what was asked for', () => {
    const call = { path: '/data/x', what: 'writing a file' };
    const codes = [
      ['missing', 'file_not_found'],
      ['directory', 'file_conflict'],
      ['kernel', 'validation_failed'],
      ['lacks dd', 'image_lacks_program'],
      ['failed', 'file_conflict'],
      ['unpacked', 'validation_failed'],
    ] as const;
    for (const [words, code] of codes) expect(refusalOf(words.split(' '), call)?.code).toBe(code);
    expect(refusalOf(['new', '12'], call)).toBeNull();
    expect(refusalOf(['lacks', 'dd'], call)?.message).toBe('The image has no dd, which writing a file needs.');
  });

  test('tells the reason that a program had', () => {
    const call = { path: '/data/x', what: 'writing a file' };
    const refusal = refusalOf(['failed'], call, 'cat: write error: No space left on device\n\x1efailed\n');
    expect(refusal).toMatchObject({ code: 'disk_full', message: expect.stringContaining('No space left on device') });
    const gnu = 'tar: a: Wrote only 512 of 10240 bytes\ntar: Exiting with failure status\n\x1eunpacked\n';
    expect(refusalOf(['unpacked'], call, gnu)?.code).toBe('disk_full');
    const odd = refusalOf(['failed'], call, 'mv: it is\x07 odd\n\n\x1efailed\n');
    expect(odd?.message).toBe('Failed while writing a file, /data/x: mv: it is odd');
  });
});
