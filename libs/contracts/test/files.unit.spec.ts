import { describe, expect, test } from '@jest/globals';
import type { z } from 'zod';
import { contentQuery, directoryBody, fileListQuery, moveBody, plainPath, writeQuery } from '../index.js';

const takes = (schema: z.ZodType, value: unknown): boolean => schema.safeParse(value).success;

describe('a path of a file', () => {
  test.each(['/data/a', '/data/ü☃', '/data/new\nline', '/data/a \'b\' "c"', '/data/-rf', '/data/...', '/data//x/./y/'])(
    '%j may be read and written',
    (path) => {
      for (const schema of [fileListQuery, contentQuery, writeQuery, directoryBody]) {
        expect(takes(schema, { path })).toBe(true);
      }
    },
  );

  test.each([
    '',
    'data',
    './data',
    '/data/../x',
    '/..',
    '/a\0b',
    `/${'x'.repeat(256)}`,
    `/${'x/'.repeat(2500)}`,
    '/\ud800',
  ])('%j may not', (path) => {
    for (const schema of [fileListQuery, contentQuery, writeQuery, directoryBody]) {
      expect(takes(schema, { path })).toBe(false);
    }
  });

  test.each(['/', '//', '/./', '/proc', '/proc/1/mem', '/./proc/x', '//sys/x', '/dev/sda', '/dev/'])(
    '%j may not be written',
    (path) => {
      expect([writeQuery, directoryBody].map((schema) => takes(schema, { path }))).toEqual([false, false]);
      expect(takes(moveBody, { from: path, to: '/data/x' })).toBe(false);
      expect(takes(moveBody, { from: '/data/x', to: path })).toBe(false);
      expect(takes(fileListQuery, { path })).toBe(true);
    },
  );

  test('what begins like the kernel’s is not', () => {
    for (const path of ['/process', '/devil/x', '/data/proc', '/sys-tem'])
      expect(takes(writeQuery, { path })).toBe(true);
  });
});

test('a path is plain without what means nothing', () => {
  expect(['/', '//', '/a//b/./c/', '/.a/..b'].map(plainPath)).toEqual(['/', '/', '/a/b/c', '/.a/..b']);
});

test('nothing is moved into itself', () => {
  for (const to of ['/data/x/y', '/data//x/./y', '/data/x/y/z']) {
    expect(takes(moveBody, { from: '/data/x/', to })).toBe(false);
  }
  for (const to of ['/data/xy', '/data', '/data/x/']) expect(takes(moveBody, { from: '/data/x', to })).toBe(true);
});
