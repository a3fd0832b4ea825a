import { describe, expect, test } from '@jest/globals';
import {
  describeExit,
  endTask,
  observe,
  Refusal,
  RUNNING_TASKS_MAX,
  settle,
  startTask,
  type Bot,
  type RunningTask,
  type TaskEnd,
} from '../index.js';
import { at, lane, made, operation, seen, told } from './lanes.js';

const task: RunningTask = { id: 'task-1', name: 'web', startedAt: at(2) };
const asked = { id: 'task-1', tenantId: 't', botKey: 'bot-key', botId: 'alice', name: 'web', command: 'x' };

describe('a task', () => {
  test('is recorded with the bot, and told', () => {
    const change = startTask(lane('running'), asked);
    expect(change.bot.tasks).toMatchObject([{ id: 'task-1', name: 'web' }]);
    expect(change.tasks).toMatchObject([{ write: 'insert', task: { status: 'running', exitCode: null } }]);
    expect(change.events).toMatchObject([{ type: 'task.started', task: { id: 'task-1' }, version: 8 }]);
  });

  test.each(['absent', 'stopped', 'paused', 'failed', 'unknown'] as const)('cannot begin in what is %s', (state) => {
    expect(() => startTask(lane(state), asked)).toThrow(Refusal);
  });

  test('cannot be one too many', () => {
    const tasks = Array.from({ length: RUNNING_TASKS_MAX }, (_, n) => ({ ...task, id: `task-${n}` }));
    expect(() => startTask(lane('running', [], { tasks }), asked)).toThrow(/end some first/);
  });

  test('ends once', () => {
    const end: TaskEnd = { status: 'exited', exitCode: 3, reason: null };
    const change = made(endTask(lane('running', [], { tasks: [task] }), 'task-1', end));
    expect(change.bot.tasks).toEqual([]);
    expect(change.tasks).toEqual([{ write: 'end', task: { ...task, ...end } }]);
    expect(change.events).toMatchObject([{ type: 'task.exited', task: { exitCode: 3 } }]);
    expect(endTask(lane('running'), 'task-1', end)).toBeNull();
  });
});

describe('what ends the container’s run ends its tasks in the same change', () => {
  const tasks = [task, { ...task, id: 'task-2' }];
  const running = (facts: Partial<Bot> = {}) => lane('running', [], { tasks, ...facts });

  test.each([
    ['a crash', seen('exited', { exitCode: 3, finishedAt: at(5) }), 'lost', 'ended'],
    ['too much memory', seen('exited', { exitCode: 137, oomKilled: true, finishedAt: at(5) }), 'lost', 'memory'],
    ['a kill', seen('exited', { exitCode: 137, finishedAt: at(5) }), 'lost', 'killed'],
    ['a restart by the engine', seen('running', { startedAt: at(6), finishedAt: at(5) }), 'lost', 'ended'],
    ['a removal', null, 'killed', 'deleted'],
  ] as const)('%s', (_what, observation, status, reason) => {
    const change = made(observe(running(), observation));
    expect(change.bot.tasks).toEqual([]);
    expect(change.tasks).toMatchObject([
      { write: 'end', task: { id: 'task-1', status, exitCode: null, reason: expect.stringContaining(reason) } },
      { write: 'end', task: { id: 'task-2', status } },
    ]);
    expect(told(change).filter((line) => line.startsWith('task.exited'))).toHaveLength(2);
  });

  test.each([
    [
      'container.stop',
      'stopped',
      { state: 'stopped', exit: { ...describeExit(137, false, at(5)), asked: true, cause: 'stopped' } },
    ],
    [
      'container.restart',
      'running',
      { state: 'running', startedAt: at(6), exit: { ...describeExit(143, false, at(5)), cause: 'stopped' } },
    ],
    ['snapshot.restore', 'running', { state: 'running', containerId: 'c2', startedAt: at(6) }],
    ['container.delete', 'absent', { state: 'absent', containerId: null }],
  ] as const)('%s, asked for', (kind, target, facts) => {
    const run = {
      ...operation(kind.split('.')[1] === 'restore' ? 'restart' : 'stop', { target }),
      kind,
      status: 'running' as const,
      claimEpoch: 7,
      startedAt: at(3),
    };
    const change = made(
      settle(
        lane('running', [run], { tasks }),
        { operationId: run.id, epoch: 7 },
        { outcome: 'succeeded', result: {} },
        facts,
      ),
    );
    expect(change.tasks).toMatchObject([{ task: { status: 'killed' } }, { task: { status: 'killed' } }]);
    expect(change.bot.tasks).toEqual([]);
  });

  test.each([
    ['a pause', seen('paused', { startedAt: at(1) })],
    ['a look that finds it as it was', seen('running', { startedAt: at(1) })],
  ] as const)('and %s does not', (_what, observation) => {
    const change = observe(running(), observation);
    expect(change?.tasks ?? []).toEqual([]);
  });
});
