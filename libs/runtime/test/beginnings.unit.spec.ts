import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type Docker from 'dockerode';
import { Beginnings } from '../beginnings.js';
import type { EngineConnection } from '../engine-connection.js';

type Info = Pick<Docker.ExecInspectInfo, 'Pid' | 'Running' | 'ExitCode'>;

const CREATED: Info = { Pid: 0, Running: false, ExitCode: null };
const STARTING: Info = { Pid: 0, Running: true, ExitCode: null };
const BEGUN: Info = { Pid: 7, Running: true, ExitCode: null };
const never = new AbortController().signal;

describe('beginnings and freezes', () => {
  let order: string[];
  let beginnings: Beginnings;
  const engine = {
    call: (_name: string, _options: object, run: (signal: AbortSignal) => Promise<unknown>) => run(never),
  } as EngineConnection;
  const exec = (info: () => Info): Docker.Exec => ({ inspect: async () => info() }) as unknown as Docker.Exec;
  const freeze = (): Promise<void> =>
    beginnings.freeze('c', never, async () => {
      order.push('frozen');
    });
  const begin = (program: Docker.Exec, name = 'begun'): Promise<void> =>
    beginnings.begin('c', program, never, async () => {
      order.push(name);
    });

  beforeEach(() => {
    jest.useFakeTimers();
    order = [];
    beginnings = new Beginnings(engine);
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('a freeze waits for what the engine has taken and not begun, and only for that', async () => {
    let info = STARTING;
    await begin(exec(() => info));
    await begin(exec(() => BEGUN));
    await begin(exec(() => ({ Pid: 0, Running: false, ExitCode: 126 })));
    const frozen = freeze();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(order).not.toContain('frozen');
    info = BEGUN;
    await jest.advanceTimersByTimeAsync(10);
    await frozen;
    expect(order.at(-1)).toBe('frozen');
  });

  test('what is to begin meanwhile waits for the freeze, and begins though that has failed', async () => {
    let refuse: (error: Error) => void = () => undefined;
    const engineAnswers = new Promise<void>((_resolve, reject) => (refuse = reject));
    const failing = beginnings.freeze('c', never, () => engineAnswers);
    const told = expect(failing).rejects.toThrow('no');
    const begun = [
      begin(
        exec(() => BEGUN),
        'a',
      ),
      begin(
        exec(() => BEGUN),
        'b',
      ),
    ];
    await jest.advanceTimersByTimeAsync(1_000);
    expect(order).toEqual([]);
    refuse(new Error('no'));
    await told;
    await Promise.all(begun);
    expect(order).toEqual(['a', 'b']);
    await freeze();
  });

  test('where several do not get to begin, the freeze gives up in time, with nothing frozen', async () => {
    for (let n = 0; n < 5; n += 1) await begin(exec(() => STARTING));
    const told = expect(freeze()).rejects.toMatchObject({ code: 'docker_error', retryable: true });
    await jest.advanceTimersByTimeAsync(10_500);
    await told;
    expect(order).not.toContain('frozen');
  });

  test('a start whose answer was lost is looked after, and given up where the engine never got it', async () => {
    const lost = exec(() => CREATED);
    const broken = beginnings.begin('c', lost, never, () => Promise.reject(new Error('the connection broke')));
    await expect(broken).rejects.toThrow('broke');
    const frozen = freeze();
    await jest.advanceTimersByTimeAsync(1_900);
    expect(order).toEqual([]);
    await jest.advanceTimersByTimeAsync(200);
    await frozen;
    expect(order).toEqual(['frozen']);
  });

  test('one that its caller left keeps a freeze waiting until it has begun', async () => {
    let info = STARTING;
    const left = exec(() => info);
    await begin(left);
    beginnings.abandon('c', left);
    const frozen = freeze();
    await jest.advanceTimersByTimeAsync(100);
    expect(order).toEqual(['begun']);
    info = BEGUN;
    await jest.advanceTimersByTimeAsync(10);
    await frozen;
    expect(order).toEqual(['begun', 'frozen']);
  });
});
