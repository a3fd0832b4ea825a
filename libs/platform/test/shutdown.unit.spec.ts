import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { EventEmitter, once } from 'node:events';
import { createLogger, createShutdown } from '../index.js';

const log = createLogger({ level: 'silent', service: 'test' });
const never = () => new Promise<void>(() => {});

function start(graceMs?: number) {
  const host = new EventEmitter();
  const exits = new EventEmitter();
  const codes: number[] = [];
  const exit = (code: number) => {
    codes.push(code);
    exits.emit('exit', code);
  };
  const shutdown = createShutdown({ log, graceMs, host: host as unknown as NodeJS.Process, exit });
  return { host, codes, shutdown, exited: once(exits, 'exit') };
}

describe('createShutdown', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('closes what was opened last first, one at a time, and exits 0', async () => {
    const { host, codes, shutdown, exited } = start();
    const order: string[] = [];
    for (const name of ['database', 'queue', 'http']) {
      shutdown.add(name, async () => {
        order.push(`${name}+`);
        await Promise.resolve();
        order.push(`${name}-`);
      });
    }
    host.emit('SIGTERM');
    await exited;
    expect(order).toEqual(['http+', 'http-', 'queue+', 'queue-', 'database+', 'database-']);
    expect(codes).toEqual([0]);
  });

  it('goes on past a step that fails or hangs, within the grace', async () => {
    const { host, codes, shutdown, exited } = start(450);
    const closed: string[] = [];
    shutdown.add('database', (remainingMs) => void closed.push(`database ${remainingMs > 100}`));
    shutdown.add('hangs', never);
    shutdown.add('fails', () => {
      throw new Error('broken');
    });
    const before = performance.now();
    host.emit('SIGINT');
    await exited;
    expect(performance.now() - before).toBeLessThan(600);
    expect(closed).toEqual(['database true']);
    expect(codes).toEqual([1]);
  });

  it('runs once, however often it is asked', async () => {
    const { shutdown, codes } = start();
    const step = jest.fn(() => Promise.resolve());
    shutdown.add('one', step);
    expect(await Promise.all([shutdown.run(), shutdown.run()])).toEqual([true, true]);
    expect(step).toHaveBeenCalledTimes(1);
    expect(codes).toEqual([]);
  });

  it('exits at once on a second signal', async () => {
    const { host, codes, shutdown } = start();
    shutdown.add('hangs', never);
    jest.useFakeTimers();
    host.emit('SIGTERM');
    host.emit('SIGINT');
    expect(codes).toEqual([130]);
  });

  it.each(['uncaughtException', 'unhandledRejection'])('closes and exits 1 on %s', async (event) => {
    const { host, codes, shutdown, exited } = start();
    const step = jest.fn(() => Promise.resolve());
    shutdown.add('one', step);
    host.emit(event, new Error('unexpected'));
    host.emit(event, new Error('again'));
    await exited;
    expect(step).toHaveBeenCalledTimes(1);
    expect(codes).toEqual([1]);
  });

  it('takes its handlers off the process', () => {
    const { host, shutdown } = start();
    shutdown.dispose();
    expect(host.eventNames()).toEqual([]);
  });
});
