import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

interface Lock {
  holder: { pid: number; note: string } | null;
  update(note: string): void;
  release(): void;
}
interface Module {
  acquire(file: string, note: string): Lock;
  birth(pid: number): string;
}

describe('the lock of one process', () => {
  let dir: string;
  let file: string;
  let lock: Module;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'berth-lock-'));
    file = join(dir, 'lock');
    // Plain JavaScript without types, for it runs before there is a build.
    const path = '../lock.mjs';
    lock = (await import(path)) as Module;
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('is held until released, and names its holder', () => {
    const held = lock.acquire(file, 'starting');
    held.update('at http://127.0.0.1:8080');
    expect(lock.acquire(file, 'late').holder).toMatchObject({ pid: process.pid, note: 'at http://127.0.0.1:8080' });
    held.release();
    expect(lock.acquire(file, 'next').holder).toBeNull();
    expect(readdirSync(dir)).toEqual(['lock']);
  });

  it.each([
    ['a process that is gone', { pid: 2 ** 22 + 1, born: 'x' }],
    ['another process with the pid of the holder', { pid: process.pid, born: 'before/1' }],
  ])('does not count where it names %s', (_, holder) => {
    writeFileSync(file, JSON.stringify({ ...holder, note: 'old' }));
    expect(lock.acquire(file, 'new').holder).toBeNull();
    expect(readFileSync(file, 'utf8')).toContain('"note":"new"');
  });

  it('does not count where its file is broken', () => {
    writeFileSync(file, '{');
    expect(lock.acquire(file, 'new').holder).toBeNull();
  });

  it('tells processes apart by their birth', () => {
    expect(lock.birth(process.pid)).toBe(lock.birth(process.pid));
    expect(lock.birth(process.pid)).not.toBe(lock.birth(1));
    expect(lock.birth(2 ** 22 + 1)).toBe('');
  });
});
