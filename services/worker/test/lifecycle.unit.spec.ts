import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { RuntimeFailure } from '#runtime';
import { acts } from './bench.js';
import { attemptSeconds } from '../handlers/index.js';
import { Handling } from './handling.js';

let work: Handling;
let id: string;
/** What was asked of the engine since. */
let since: () => string[];

async function given(state: 'running' | 'stopped' | 'paused'): Promise<void> {
  await work.do('create', { start: state !== 'stopped' });
  if (state === 'paused') await work.do('pause');
  id = work.bot.containerId ?? '';
  const before = acts(work.runtime).length;
  since = () => acts(work.runtime).slice(before);
}

const caught = (run: Promise<unknown>): Promise<RuntimeFailure> =>
  run.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: RuntimeFailure) => error,
  );

beforeEach(() => {
  work = new Handling();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('start', () => {
  test.each([
    ['stopped', ['start']],
    ['paused', ['resume']],
    ['running', []],
  ] as const)('brings up what is %s', async (state, asked) => {
    await given(state);
    expect(await work.do('start')).toMatchObject({ state: 'running', containerId: id });
    expect(since()).toEqual(asked);
    expect((await work.seen(id))?.engineState).toBe('running');
  });

  test('starts what the engine keeps restarting from a stop', async () => {
    await given('running');
    work.runtime.crash(id, 1, { restarts: false });
    const inspect = work.runtime.inspect.bind(work.runtime);
    let first = true;
    work.runtime.inspect = async (...call) => {
      const container = await inspect(...call);
      const engineState = first ? 'restarting' : container?.engineState;
      first = false;
      return container && engineState ? { ...container, engineState } : container;
    };
    expect(await work.do('start')).toMatchObject({ state: 'running' });
    expect(since()).toEqual(['stop', 'start']);
  });
});

describe.each(['start', 'stop', 'restart', 'pause', 'resume'])('%s', (verb) => {
  test('of what is gone fails for good and tells the truth', async () => {
    await given('running');
    work.runtime.removeOutside(id);
    expect(await caught(work.do(verb))).toMatchObject({ code: 'docker_error', retryable: false });
    expect(work.known).toMatchObject({ state: 'absent', containerId: null, settings: null });
    expect(since()).toEqual([]);
  });

  test('of a bot without a container fails for good', async () => {
    expect(await caught(work.do(verb))).toMatchObject({ code: 'docker_error', retryable: false });
  });

  test('that found nobody there may be tried again', async () => {
    await given('running');
    work.runtime.goDown();
    expect(await caught(work.do(verb))).toMatchObject({ code: 'docker_unavailable', retryable: true });
    expect(work.known).toEqual({});
  });

  test('says when it looked', async () => {
    await given(verb === 'resume' ? 'paused' : 'running');
    const { looks } = work;
    await work.do(verb);
    expect(work.looks).toBe(looks + 1);
  });
});

describe('stop', () => {
  test('ends it, and tells how it ended', async () => {
    await given('running');
    expect(await work.do('stop')).toMatchObject({ state: 'stopped', exit: { code: 143, cause: 'stopped' } });
    expect(since()).toEqual(['stop']);
  });

  test('of a paused one lets it hear the signal', async () => {
    await given('paused');
    expect(await work.do('stop')).toMatchObject({ state: 'stopped' });
    expect(since()).toEqual(['resume', 'stop']);
  });

  test('of a stopped one does nothing', async () => {
    await given('stopped');
    expect(await work.do('stop')).toMatchObject({ state: 'stopped', exit: null });
    expect(since()).toEqual([]);
  });

  test('leaves a crash before it a crash, and what crashed no failure any more', async () => {
    await given('running');
    work.runtime.crash(id, 3, { restarts: false });
    expect(await work.do('stop')).toMatchObject({ state: 'stopped', exit: { code: 3, cause: 'crashed' } });
    expect(since()).toEqual([]);
  });

  test('between two starts of a crash loop does not take the crash for its own', async () => {
    // Ends are told apart by their milliseconds.
    jest.useFakeTimers();
    await given('running');
    work.runtime.crash(id, 3, { restarts: 'later' });
    expect(await work.do('stop')).toMatchObject({ state: 'stopped', exit: { code: 3, cause: 'crashed' } });
    expect(since()).toEqual(['stop']);
    jest.advanceTimersByTime(1);
    await work.do('start');
    expect(await work.do('stop')).toMatchObject({ state: 'stopped', exit: { code: 143, cause: 'stopped' } });
  });

  test('leaves a kill before it to whoever did it', async () => {
    await given('running');
    work.runtime.killOutside(id);
    expect(await work.do('stop')).toMatchObject({ state: 'stopped', exit: { code: 137, cause: 'killed' } });
  });

  test('knows the signal of an attempt before it', async () => {
    await given('running');
    // As if a worker had sent it and ended before it could tell.
    work.startedAt = new Date().toISOString();
    work.runtime.stopOutside(id);
    expect(await work.do('stop')).toMatchObject({ state: 'stopped', exit: { code: 143, cause: 'stopped' } });
  });

  test('that did not stop it may be tried again', async () => {
    await given('running');
    work.runtime.stop = () => Promise.resolve();
    expect(await caught(work.do('stop'))).toMatchObject({ code: 'docker_error', retryable: true });
  });
});

describe('restart', () => {
  test.each([
    ['running', ['stop', 'start']],
    ['paused', ['resume', 'stop', 'start']],
    ['stopped', ['start']],
  ] as const)('of a %s one', async (state, asked) => {
    await given(state);
    expect(await work.do('restart')).toMatchObject({ state: 'running', containerId: id });
    expect(since()).toEqual(asked);
    expect(work.phases).toEqual(['stopping', 'starting']);
  });

  test('keeps the code that the engine forgets', async () => {
    await given('running');
    const { exit, startedAt } = await work.do('restart');
    expect(exit).toMatchObject({ code: 143, oomKilled: false, cause: 'stopped' });
    expect(exit && startedAt && exit.at <= startedAt).toBe(true);
  });

  test('of one in a crash loop keeps the crash', async () => {
    await given('running');
    work.runtime.crash(id, 3, { restarts: 'later' });
    expect(await work.do('restart')).toMatchObject({ state: 'running', exit: { code: 3, cause: 'crashed' } });
    expect(since()).toEqual(['stop', 'start']);
    expect(work.asked).toBeNull();
  });

  test('of a stopped one keeps the end before', async () => {
    await given('running');
    const { exit } = await work.do('stop');
    expect((await work.do('restart')).exit).toEqual(exit);
  });
});

describe('pause and resume', () => {
  test('freeze it and let it go on', async () => {
    await given('running');
    expect(await work.do('pause')).toMatchObject({ state: 'paused', exit: null });
    expect(await work.do('resume')).toMatchObject({ state: 'running', exit: null });
    expect(since()).toEqual(['pause', 'resume']);
  });

  test('do nothing where it is done', async () => {
    await given('paused');
    await work.do('pause');
    await work.runtime.resume(id, work.controller.signal);
    await work.do('resume');
    expect(since()).toEqual(['resume']);
  });

  test('of one that has ended fails for good', async () => {
    await given('running');
    work.runtime.stopOutside(id);
    expect(await caught(work.do('pause'))).toMatchObject({ code: 'container_not_running', retryable: false });
  });
});

test('an attempt has time for its work and for the stop that was asked for', () => {
  expect(attemptSeconds('container.create', {})).toBe(1_200);
  expect(attemptSeconds('container.stop', { timeoutSeconds: 300 })).toBe(420);
  expect(attemptSeconds('container.delete', {})).toBe(120);
});
