import { waitFor } from '#testing';
import { expect, test } from '@jest/globals';
import { openStream, type OpenStream } from '../support/event-stream.js';
import { expectProblem } from '../support/exact.js';
import type { System } from '../support/system.js';
import { Inside } from './inside.js';

/** What its callers hear where the worker dies. */
export function badDays(system: () => System): void {
  test('the worker is killed under streams and calls: each ends with words', async () => {
    const { services } = system();
    const inside = new Inside(system().bot('bad-days'));
    await inside.bot.run('create', { start: true, command: ['sh', '-c', 'echo main; exec sleep 100000'] });
    const task = await inside.start('echo begun; exec sleep 100000');
    const open = async (path: string, sign: string, body?: object): Promise<OpenStream> => {
      const stream = await openStream(services, inside.path(path), body ? { body } : {});
      await stream.until(sign, (messages) => messages.some(({ data }) => data.includes(sign)));
      return stream;
    };
    const streams = [
      await open('/exec', 'written', { command: 'echo written; exec sleep 1000' }),
      await open(`/tasks/${task.id}/logs?follow=true`, 'begun'),
      await open('/container/logs?follow=true', 'main'),
    ];
    const asked = inside.ask({ command: 'n=1234; exec sleep $n' });
    await waitFor(async () => (await inside.processes('sleep 1234')) > 0, { what: 'the command to run' });
    await services.worker.kill('SIGKILL');
    for (const stream of streams) {
      await stream.untilEnd();
      const { event, data } = stream.messages.at(-1) ?? {};
      expect([event, JSON.parse(data ?? '{}')]).toEqual([
        'error',
        { code: 'node_unavailable', detail: expect.any(String) },
      ]);
    }
    // It may have run: who obeys must not run it twice.
    const answer = await asked;
    expectProblem(answer, 503, 'node_unavailable');
    expect(answer.body).toMatchObject({ retryable: false, detail: expect.stringContaining('may have run') });
    expect(answer.headers.get('retry-after')).toBeNull();
    // What could not be sent can be asked again.
    const unsent = await inside.ask({ command: 'true' });
    expectProblem(unsent, 503, 'node_unavailable');
    expect(unsent.body).toMatchObject({ retryable: true });
    services.worker.start();
    await waitFor(async () => (await inside.ask({ command: 'true' })).status === 200, {
      what: 'the node',
      deadlineMs: 60_000,
    });
    expect(await inside.task(task.id)).toMatchObject({ status: 'running' });
    await inside.untilGone('sleep 1234');
  }, 120_000);
}
