import type { BotEvent, Container, Operation } from '#client';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { applyEvent, applyToBots, applyToOperations } from '../src/live/apply';

const AT = '2026-11-30T12:00:00.000Z';
const container = (version: number, status: Container['status'] = 'running'): Container =>
  ({
    botId: 'alice',
    version,
    status,
    tasks: 0,
    operation: null,
    queued: 0,
    lastError: null,
    exit: null,
  }) as unknown as Container;
const operation = (id: string, status: Operation['status'], botId = 'alice'): Operation =>
  ({
    id,
    botId,
    kind: 'container.start',
    status,
    finishedAt: status === 'queued' || status === 'running' ? null : AT,
    error: status === 'failed' ? { code: 'docker_error', message: 'no', retryable: true } : null,
  }) as unknown as Operation;
const event = (version: number, type: BotEvent['type'], data: Partial<BotEvent['data']> = {}): BotEvent => ({
  cursor: `1-${version}`,
  botId: 'alice',
  version,
  type,
  at: AT,
  data: { status: 'running', previousStatus: 'stopped', ...data },
});

describe('a container after an event', () => {
  test('is the one that the event carries', () => {
    const told = container(5, 'stopped');
    expect(applyEvent(container(4), event(5, 'container.status', { container: told }))).toBe(told);
  });

  test('is as it was where the event is old', () => {
    const known = container(7);
    expect(applyEvent(known, event(6, 'operation.started', { status: 'starting' }))).toBe(known);
    expect(applyEvent(known, event(6, 'container.status', { container: container(6, 'stopped') }))).toBe(known);
  });

  test('has the operation that runs, for as long as it runs', () => {
    const started = applyEvent(container(1), event(2, 'operation.started', { operation: operation('a', 'running') }));
    expect(started.operation?.id).toBe('a');
    const other = applyEvent(started, event(3, 'operation.cancelled', { operation: operation('b', 'cancelled') }));
    expect(other.operation?.id).toBe('a');
    const failed = applyEvent(other, event(4, 'operation.failed', { operation: operation('a', 'failed') }));
    expect(failed).toMatchObject({ version: 4, operation: null, lastError: { code: 'docker_error' } });
  });

  test('counts its tasks', () => {
    expect(applyEvent(container(1), event(2, 'task.started', { tasks: 3 })).tasks).toBe(3);
  });

  test('comes to the same, however its events are cut into batches, and if some are told twice', () => {
    const story = [
      event(2, 'operation.queued', { operation: operation('a', 'queued'), status: 'stopped' }),
      event(3, 'operation.started', { operation: operation('a', 'running'), status: 'starting' }),
      event(4, 'container.status', { status: 'running', container: container(4) }),
      event(5, 'operation.succeeded', { operation: operation('a', 'succeeded') }),
      event(6, 'task.started', { tasks: 1 }),
    ];
    const whole = applyToBots({ alice: container(1, 'stopped') }, story);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 5 }), fc.nat(4), (cuts, again) => {
        let bots: Record<string, Container> = { alice: container(1, 'stopped') };
        const rest = [...story];
        for (const cut of [...cuts, story.length]) {
          const batch = rest.splice(0, cut);
          bots = applyToBots(bots, batch);
          bots = applyToBots(bots, story.slice(0, Math.min(again, story.length - rest.length)));
        }
        expect(bots).toEqual(whole);
      }),
    );
  });

  test('a bot that is new comes with its first status', () => {
    const told = { ...container(1), botId: 'alice' };
    expect(applyToBots({}, [event(1, 'container.status', { container: told })])).toEqual({ alice: told });
    expect(applyToBots({}, [event(1, 'operation.queued')])).toEqual({});
  });
});

describe('a list of operations after events', () => {
  const shown = (items: Operation[], filter = {}) => ({ filter, items });
  const ids = (list: { items: Operation[] }): string[] => list.items.map(({ id, status }) => `${id} ${status}`);

  test('has new ones on top and changed ones in their places', () => {
    const events = [
      event(2, 'operation.queued', { operation: operation('c', 'queued') }),
      event(3, 'operation.started', { operation: operation('a', 'running') }),
    ];
    expect(ids(applyToOperations(shown([operation('b', 'succeeded'), operation('a', 'queued')]), events))).toEqual([
      'c queued',
      'b succeeded',
      'a running',
    ]);
  });

  test('takes what its filter takes, and lets go of what it takes no more', () => {
    const list = shown([operation('a', 'running')], { status: ['queued', 'running'] });
    const ended = [event(2, 'operation.succeeded', { operation: operation('a', 'succeeded') })];
    expect(ids(applyToOperations(list, ended))).toEqual([]);
    const foreign = [event(2, 'operation.queued', { operation: operation('b', 'queued', 'bob') })];
    expect(applyToOperations(shown([], { botId: 'alice' }), foreign).items).toEqual([]);
    expect(applyToOperations(shown([], { kind: ['container.stop'] }), foreign).items).toEqual([]);
  });

  test('is not set back by an event that is older than what was read', () => {
    const list = shown([operation('a', 'succeeded')]);
    expect(applyToOperations(list, [event(2, 'operation.started', { operation: operation('a', 'running') })])).toBe(
      list,
    );
  });
});
