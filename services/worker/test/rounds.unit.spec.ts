import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { notesIn } from '../notes.js';
import { Rounds } from '../rounds.js';

describe('rounds', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('begin at once, one at a time, and the end waits for the last', async () => {
    const ends: (() => void)[] = [];
    const rounds = new Rounds(1_000, () => new Promise<void>((resolve) => ends.push(resolve)), fail);
    rounds.start();
    await jest.advanceTimersByTimeAsync(3_500);
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(ends).toHaveLength(2);
    let isOver = false;
    const stopped = rounds.stop().then(() => (isOver = true));
    await jest.advanceTimersByTimeAsync(5_000);
    expect([isOver, ends.length]).toEqual([false, 2]);
    ends[1]?.();
    await stopped;
    expect(isOver).toBe(true);
  });

  test('that fail are told, and go on', async () => {
    const told: unknown[] = [];
    const rounds = new Rounds(
      1_000,
      () => Promise.reject(new Error('no')),
      (error) => told.push(error),
    );
    rounds.start();
    await jest.advanceTimersByTimeAsync(2_100);
    await rounds.stop();
    expect(told).toEqual([new Error('no'), new Error('no'), new Error('no')]);
  });
});

describe('notes', () => {
  test('are none before there is a directory; one that is none is not taken for empty', async () => {
    const home = mkdtempSync(join(tmpdir(), 'berth-notes-'));
    try {
      expect(await notesIn(join(home, 'none'))).toEqual([]);
      mkdirSync(join(home, 'some'));
      writeFileSync(join(home, 'some', 'a'), '');
      expect(await notesIn(join(home, 'some'))).toEqual(['a']);
      await expect(notesIn(join(home, 'some', 'a'))).rejects.toThrow('ENOTDIR');
    } finally {
      rmSync(home, { recursive: true });
    }
  });
});

function fail(error: unknown): never {
  throw error;
}
