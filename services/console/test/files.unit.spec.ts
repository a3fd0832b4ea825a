import type { FileEntry } from '#client';
import { describe, expect, it } from '@jest/globals';
import { edited, lineEndOf, textOf, written } from '../src/bot/files/content.js';
import { ordered } from '../src/bot/files/order.js';
import { joined, nameOf, nameProblem, parentOf, plainPath, shownName, wayTo } from '../src/bot/files/path.js';

const entry = (name: string, type: FileEntry['type'] = 'file', size = 0): FileEntry => ({
  name,
  type,
  size,
  mode: '0644',
  modifiedAt: '2026-11-23T09:30:00.000Z',
});

describe('paths', () => {
  it('takes out what means nothing, and never leaves the root', () => {
    expect(plainPath('/data//a/./b/')).toBe('/data/a/b');
    expect(plainPath('/data/../../etc')).toBe('/etc');
    expect(plainPath('')).toBe('/');
  });

  it('comes apart and together again, whatever is in a name', () => {
    for (const name of ['a b', 'new\nline', '"quoted\'', 'ünï-日本', ' ', '%2F?#&+']) {
      for (const directory of ['/', '/data', '/data/x y']) {
        const path = joined(directory, name);
        expect([parentOf(path), nameOf(path), plainPath(path)]).toEqual([directory, name, path]);
      }
    }
    expect(wayTo('/data/a b').map(({ path }) => path)).toEqual(['/', '/data', '/data/a b']);
  });

  it('shows what cannot be seen, and refuses what is no name', () => {
    expect(shownName('a\nb\tc')).toBe('a␊b␉c');
    expect(shownName('invoice\u202efdp.exe')).not.toContain('\u202e');
    expect(nameProblem('a/b')).not.toBeNull();
    expect(nameProblem('..')).not.toBeNull();
    expect(nameProblem('日'.repeat(86))).not.toBeNull();
    expect(nameProblem('日'.repeat(85))).toBeNull();
  });
});

describe('the order of a directory', () => {
  it('has folders first, numbers by their value', () => {
    const entries = [entry('b10'), entry('b9'), entry('z', 'directory'), entry('A'), entry('link', 'symlink')];
    const names = (by: 'name' | 'size', descending: boolean): string[] =>
      ordered(entries, by, descending).map(({ name }) => name);
    expect(names('name', false)).toEqual(['z', 'A', 'b9', 'b10', 'link']);
    expect(names('name', true)).toEqual(['z', 'link', 'b10', 'b9', 'A']);
    expect(names('size', true)).toEqual(['z', 'A', 'b9', 'b10', 'link']);
  });
});

describe('a text that is edited', () => {
  const bytes = (...values: number[]): ArrayBuffer => new Uint8Array(values).buffer;

  it('is one only where it can be written back as it was', () => {
    expect(textOf(new TextEncoder().encode('\ufeffü\n').buffer)).toBe('\ufeffü\n');
    expect(textOf(bytes())).toBe('');
    expect(textOf(bytes(0x61, 0))).toBeNull();
    expect(textOf(bytes(0xff, 0xfe))).toBeNull();
  });

  it('keeps the ends of its lines', () => {
    for (const text of ['a\r\nb\r\n', 'a\nb', 'a', '']) {
      expect(written(edited(text), lineEndOf(text))).toBe(text);
    }
    expect(lineEndOf('a\r\nb\n')).toBe('mixed');
    expect(lineEndOf('a\rb')).toBe('mixed');
  });
});
