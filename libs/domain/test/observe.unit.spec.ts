import { describe, expect, test } from '@jest/globals';
import {
  describeExit,
  factsOf,
  markUnknown,
  observe,
  type Bot,
  type BotFacts,
  type ContainerState,
  type Lane,
  type Observation,
} from '../index.js';
import { at, find, lane, made, operation, rung, seen, told } from './lanes.js';

/** What a look makes of a bot that was running since second 1. */
const look = (observation: Observation | null, state: ContainerState = 'running', facts: Partial<Bot> = {}): Bot =>
  made(observe(lane(state, [], facts), observation)).bot;
const ended = (exitCode: number | null, facts: Partial<Observation> = {}): Observation =>
  seen('exited', { exitCode, finishedAt: at(5), ...facts });

describe('behind Berth’s back', () => {
  test.each([
    ['a stop', ended(143), 'stopped', 'killed'],
    ['a kill', ended(137), 'stopped', 'killed'],
    ['an end by itself', ended(0), 'stopped', 'completed'],
    ['a crash', ended(3), 'failed', 'crashed'],
    ['an unknown code', ended(null), 'failed', 'crashed'],
    ['a kill for memory', ended(137, { oomKilled: true }), 'failed', 'oom'],
    ['a kill by a removal under way', { ...ended(137), engineState: 'removing' as const }, 'stopped', 'killed'],
    [
      'a crash that the engine is about to restart',
      { ...ended(3), engineState: 'restarting' as const },
      'failed',
      'crashed',
    ],
  ])('%s is told once', (_, observation, state, cause) => {
    const where = lane('running');
    const change = made(observe(where, observation));
    expect(change.bot).toMatchObject({
      state,
      projected: state,
      containerId: 'c1',
      startedAt: at(1),
      exit: { at: at(5), cause },
    });
    expect(told(change)).toEqual([`container.status: running -> ${state}`]);
    expect(change.bot.version).toBe(where.bot.version + 1);
    expect(observe({ ...where, bot: change.bot }, observation)).toBeNull();
  });

  test.each([
    ['running', seen('running')],
    ['paused', seen('paused')],
    ['stopped', seen('exited', { startedAt: null })],
    ['stopped', seen('created', { startedAt: null })],
    ['absent', null],
  ] as const)('what is %s as recorded is no news', (state, observation) => {
    expect(observe(lane(state), observation)).toBeNull();
  });

  test.each([
    ['running', 'paused', seen('paused')],
    ['paused', 'running', seen('running')],
    ['stopped', 'running', seen('running')],
    ['failed', 'running', seen('running')],
    ['running', 'failed', seen('dead')],
    ['running', 'stopped', seen('removing')],
  ] as const)('from %s to %s', (before, after, observation) => {
    expect(look(observation, before)).toMatchObject({ state: after, exit: null });
  });

  test('a removal leaves nothing but the data and the memory of the last end', () => {
    const exit = describeExit(1, false, at(3));
    const paths = [
      { name: 'data', container: '/data', host: '/v', persistent: true, volume: 'berth-default-alice-data' },
    ];
    const change = made(observe(lane('failed', [], { exit, paths, hasData: true }), null));
    expect(change.bot).toMatchObject({
      state: 'absent',
      containerId: null,
      image: null,
      settings: null,
      hasData: true,
      paths,
      exit,
      reserved: { containers: 0 },
    });
    expect(change.reservation?.delta).toEqual({ cpus: -1, memoryMb: -512, containers: -1 });
    expect(told(change)).toEqual(['container.status: failed -> absent']);
  });

  test('a removal of what was up is its end, by what was heard of it', () => {
    const before = describeExit(1, true, at(3));
    const heard = made(observe(lane('running', [], { exit: before }), null, { exitCode: 137, oomKilled: false }));
    expect(heard.bot.exit).toEqual({ code: 137, oomKilled: false, at: at(100), cause: 'killed' });
    const unheard = made(observe(lane('paused', [], { exit: before }), null));
    expect(unheard.bot.exit).toEqual({ code: null, oomKilled: false, at: at(100), cause: 'killed' });
  });

  test('those behind it that it makes impossible are cancelled, the next is rung', () => {
    const where = lane('running', [operation('pause'), operation('create', { seq: 2, target: 'paused' })]);
    const change = made(observe(where, null));
    expect(find(change, 'op-1')).toMatchObject({ status: 'cancelled', error: { code: 'predecessor_failed' } });
    expect(find(change, 'op-1').error?.message).toContain('changed by other hands');
    expect(find(change, 'op-2')).toMatchObject({ status: 'queued', target: 'stopped' });
    expect(rung(change)).toEqual(['op-2']);
  });

  test('nothing is recorded while an operation runs: its worker tells', () => {
    expect(observe(lane('running', [operation('stop', { status: 'running' })]), ended(143))).toBeNull();
  });

  test('one that waits for another try keeps where it leads', () => {
    const tried = operation('pause', { startedAt: at(1), attempt: 1, due: false });
    const change = made(observe(lane('running', [tried]), ended(0)));
    expect(change).toMatchObject({ operations: [{ id: 'op-1' }], bot: { state: 'stopped', projected: 'paused' } });
    expect(rung(change)).toEqual([]);
  });
});

describe('a restart by the engine', () => {
  const restarted = (exitCode: number | null, facts: Partial<Observation> = {}): Observation =>
    seen('running', { startedAt: at(6), finishedAt: at(5), exitCode, ...facts });

  test.each([
    [3, false, 'crashed'],
    [0, false, 'completed'],
    [137, true, 'oom'],
    [null, false, 'crashed'],
  ])('is told with the code of the end: %s', (code, oomKilled, cause) => {
    const where = lane('running');
    const change = made(observe(where, restarted(code, { oomKilled })));
    expect(change.bot).toMatchObject({
      state: 'running',
      startedAt: at(6),
      exit: { code, oomKilled, at: at(5), cause },
    });
    expect(told(change)).toEqual(['container.status: running -> running']);
    expect(observe({ ...where, bot: change.bot }, restarted(null))).toBeNull();
  });

  test('says nothing of an end before the last start that is known', () => {
    expect(observe(lane('running', [], { startedAt: at(6) }), restarted(null))).toBeNull();
  });
});

describe('an end that was asked for', () => {
  /** What a stop, begun at second 4, makes of what it finds; it looked before it asked. */
  const stop = (before: Lane, found: Observation, since: string | null): BotFacts =>
    factsOf(before.bot, found, { since, from: at(4) });

  test.each([
    [143, false, 'stopped'],
    [137, false, 'stopped'],
    [0, false, 'stopped'],
    [7, false, 'stopped'],
    [null, false, 'stopped'],
    [137, true, 'oom'],
  ] as const)('with code %s, out of memory: %s, leaves it stopped: %s', (exitCode, oomKilled, cause) => {
    const found = ended(exitCode, { oomKilled });
    for (const since of [null, at(3)]) {
      const facts = stop(lane('running'), found, since);
      expect(facts).toMatchObject({ state: 'stopped', exit: { code: exitCode, oomKilled, at: at(5), cause } });
    }
  });

  test('is not taken from a crash that came before it: of a loop of them, or of one that stays down', () => {
    for (const before of [lane('running'), lane('failed', [], { exit: describeExit(3, false, at(5)) })]) {
      expect(stop(before, ended(3), at(5))).toMatchObject({ state: 'stopped', exit: { code: 3, cause: 'crashed' } });
    }
  });

  test('is not there yet where the engine goes on restarting', () => {
    const found = { ...ended(3), engineState: 'restarting' as const };
    expect(stop(lane('running'), found, at(5))).toMatchObject({ state: 'failed', exit: { cause: 'crashed' } });
  });

  test('may have been told before, as by another attempt’s signal', () => {
    const killed = describeExit(137, false, at(5));
    const before = lane('stopped', [], { exit: killed });
    expect(stop(before, ended(137), at(5))).toMatchObject({ state: 'stopped', exit: { cause: 'stopped' } });
    expect(factsOf(before.bot, ended(137), { since: at(5), from: at(6) }).exit).toMatchObject({ cause: 'killed' });
  });

  test.each([1, 3])('stays stopped, also when its node was silent meanwhile: %s', (exitCode) => {
    const facts = stop(lane('running'), ended(exitCode), exitCode === 3 ? at(5) : at(3));
    const stopped = lane('stopped', [], { ...facts, startedAt: at(1) });
    expect(observe(stopped, ended(exitCode))).toBeNull();
    const { bot } = made(markUnknown(stopped));
    const back = made(observe({ ...stopped, bot }, ended(exitCode))).bot;
    expect(back).toMatchObject({ state: 'stopped', exit: facts.exit });
  });

  test('is no excuse for the next one', () => {
    const { exit } = stop(lane('running'), ended(143), null);
    const again = seen('exited', { exitCode: 3, startedAt: at(6), finishedAt: at(7) });
    expect(look(again, 'running', { exit: exit ?? null, startedAt: at(6) })).toMatchObject({
      state: 'failed',
      exit: { cause: 'crashed' },
    });
  });
});

describe('a silent node', () => {
  test.each(['running', 'stopped', 'paused', 'failed'] as const)('hides that it was %s', (state) => {
    const change = made(markUnknown(lane(state)));
    expect(told(change)).toEqual([`container.status: ${state} -> unknown`]);
    expect(change.bot).toMatchObject({ state: 'unknown', projected: 'unknown', reserved: { containers: 1 } });
    expect(change.reservation).toBeNull();
  });

  test('hides nothing twice, and nothing where there is nothing', () => {
    expect(markUnknown(lane('unknown'))).toBeNull();
    expect(markUnknown(lane('absent'))).toBeNull();
  });

  test('cancels nothing that waits, for it refuses nothing', () => {
    const where = lane('running', [operation('stop'), operation('start', { seq: 2 }), operation('resume', { seq: 3 })]);
    const change = made(markUnknown(where));
    expect(change.operations.map((each) => each.status)).toEqual(['queued', 'queued', 'queued']);
    expect(change.bot.projected).toBe('running');
    expect(rung(change)).toEqual([]);
  });

  test.each([
    ['running', seen('running')],
    ['paused', seen('paused')],
    ['stopped', ended(143)],
    ['failed', ended(3)],
    ['stopped', seen('created', { startedAt: null })],
    ['absent', null],
  ] as const)('that is back tells that it is %s', (state, observation) => {
    expect(look(observation, 'unknown').state).toBe(state);
  });

  test('that is back tells of an end it had told before as it was judged then', () => {
    const startFailed = { code: 0, oomKilled: false, at: at(5), cause: 'start_failed' } as const;
    expect(look(ended(0), 'unknown', { exit: startFailed })).toMatchObject({ state: 'failed', exit: startFailed });
  });

  test('that is back is believed though an operation seems to run', () => {
    const where = lane('unknown', [operation('stop', { status: 'running' }), operation('start', { seq: 2 })]);
    const change = made(observe(where, seen('running')));
    expect(change.bot).toMatchObject({ state: 'running', projected: 'running' });
    expect(told(change)).toEqual(['container.status op-1: unknown -> stopping']);
  });

  test('that is back cancels what has become impossible', () => {
    const change = made(observe(lane('unknown', [operation('resume')]), ended(0)));
    expect(find(change, 'op-1').error?.code).toBe('predecessor_failed');
  });
});

test.each([
  [0, false, 'completed'],
  [1, false, 'crashed'],
  [null, false, 'crashed'],
  [126, false, 'crashed'],
  [137, false, 'killed'],
  [143, false, 'killed'],
  [139, false, 'crashed'],
  [137, true, 'oom'],
  [0, true, 'oom'],
])('an exit with code %s, out of memory: %s, is %s', (code, oomKilled, cause) => {
  expect(describeExit(code, oomKilled, at(1))).toEqual({ code, oomKilled, at: at(1), cause });
});
