import { describe, expect, test } from '@jest/globals';
import type { Lane } from '#domain';
import { isIdle } from '../idle.js';
import { Uses } from '../uses.js';
import { Bench, settings } from './bench.js';

const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
const ago = (seconds: number): number => Date.now() - seconds * 1000;

describe('a container is idle', () => {
  const { bot } = new Bench().lane;
  const lane = (facts: Partial<Lane['bot']> = {}, more: Partial<Lane> = {}): Lane => ({
    bot: {
      ...bot,
      state: 'running',
      tasks: [],
      updatedAt: at(0),
      settings: settings({ autoStopSeconds: 60 }),
      ...facts,
    },
    operations: [],
    snapshots: [],
    hasSnapshots: false,
    now: at(60),
    ...more,
  });

  test('once nobody has used or changed it for as long as its owner has said', () => {
    expect(isIdle(lane(), ago(60))).toBe(true);
    expect(isIdle(lane({}, { now: at(59) }), ago(60))).toBe(false);
    expect(isIdle(lane(), ago(59))).toBe(false);
  });

  test('never while somebody uses it, a task runs, or it does not run itself', () => {
    expect(isIdle(lane(), null)).toBe(false);
    expect(isIdle(lane({ tasks: [{ id: 't', name: null, startedAt: at(0) }] }), ago(999))).toBe(false);
    expect(isIdle(lane({ state: 'paused' }), ago(999))).toBe(false);
    expect(isIdle(lane({ settings: settings() }), ago(999))).toBe(false);
  });
});

describe('uses', () => {
  test('last until the last of them is over, and begin with the worker', () => {
    let now = 1_000;
    const uses = new Uses(() => now);
    expect(uses.lastUse('a')).toBe(1_000);
    now = 2_000;
    const ends = [uses.begin('a'), uses.begin('a')];
    expect(uses.lastUse('a')).toBeNull();
    now = 3_000;
    ends[0]?.();
    ends[0]?.();
    expect(uses.lastUse('a')).toBeNull();
    ends[1]?.();
    expect(uses.lastUse('a')).toBe(3_000);
    uses.keepOnly(new Set(['b']));
    expect(uses.lastUse('a')).toBe(1_000);
  });
});
