import { type ChildProcess, spawn } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { waitFor } from '#testing';
import { supervise } from '../supervised.js';

describe('supervise', () => {
  const started: ChildProcess[] = [];
  const launch = (script: string) => (): Promise<ChildProcess> => {
    const child = spawn('sh', ['-c', script]);
    started.push(child);
    return Promise.resolve(child);
  };

  it('starts again what ends by itself, with a pause that doubles', async () => {
    const falls: [string, number][] = [];
    const service = await supervise({
      name: 'it',
      launch: launch('exit 3'),
      onFall: (how, pauseMs) => falls.push([how, pauseMs]),
    });
    await waitFor(() => falls.length === 2, { what: 'two falls', deadlineMs: 4_000 });
    expect(falls).toEqual([
      ['ended with code 3', 500],
      ['ended with code 3', 1_000],
    ]);
    expect(service.falls).toBe(2);
    expect(await service.end('SIGTERM', 1_000)).toBe(true);
  });

  it('lets end what is told to, and tells whether it did in time', async () => {
    let falls = 0;
    const stubborn = await supervise({
      name: 'it',
      launch: launch('trap "" TERM; echo; read line'),
      onFall: () => falls++,
    });
    await new Promise((resolve) => started.at(-1)?.stdout?.once('data', resolve));
    expect(await stubborn.end('SIGTERM', 50)).toBe(false);
    expect(await stubborn.end('SIGKILL', 1_000)).toBe(true);
    expect(falls).toBe(0);
  });
});
