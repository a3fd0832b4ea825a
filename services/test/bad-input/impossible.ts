import type { OperationView } from '#contracts';
import { httpClient } from '#testing';
import { expect, test } from '@jest/globals';
import { operationOf } from '../support/bot.js';
import { expectProblem } from '../support/exact.js';
import type { System } from '../support/system.js';

/** Containers that cannot be: well-formed requests that the world refuses. */
export function impossible(system: () => System): void {
  const failure = async (name: string, body: unknown): Promise<OperationView> => {
    const operation = await system().bot(name).finish('create', body);
    expect(operation.status).toBe('failed');
    return operation;
  };

  test('an image that no registry shows, and a registry that is not there', async () => {
    const [local, refused] = await Promise.all([
      failure('image-local', { image: 'berth/nowhere:1', start: true }),
      failure('image-refused', { image: 'localhost:1/x:y', start: true }),
    ]);
    expect(local).toMatchObject({ attempt: 1, error: { code: 'image_not_found', retryable: false } });
    expect(refused).toMatchObject({ error: { code: 'image_pull_failed' } });
    expect(refused.error?.message).not.toMatch(/dial|tcp|127\.0\.0\.1|ECONN/);
    for (const name of ['image-local', 'image-refused']) {
      const bot = system().bot(name);
      expect(await bot.get()).toMatchObject({ status: 'absent', containerId: null, operation: null, queued: 0 });
      expect(await bot.containers()).toEqual([]);
    }
  });

  test('a command that does not exist or cannot be run: start_failed, with its code, and the truth', async () => {
    for (const [name, command, code] of [
      ['no-command', ['/bin/no-such-program'], 127],
      ['no-program', ['/etc/passwd'], 126],
      ['ends-badly', ['/bin/sh', '-c', 'exit 42'], 42],
      ['ends-well', ['/bin/true'], 0],
    ] as const) {
      const operation = await failure(name, { start: true, command });
      expect(operation).toMatchObject({ attempt: 1, error: { code: 'start_failed', retryable: false } });
      expect(operation.error?.message).toContain(`exit code ${code}`);
      const bot = system().bot(name);
      const container = await bot.get();
      expect(container).toMatchObject({
        status: 'failed',
        lastError: { code: 'start_failed' },
        exit: { code, oomKilled: false, cause: 'start_failed' },
      });
      const info = await bot.inspect();
      expect(info.State).toMatchObject({ Running: false, Restarting: false, Status: 'exited' });
      const [end, last] = (await bot.events()).slice(-2);
      expect(end?.data).toMatchObject({ status: 'failed', previousStatus: 'creating' });
      expect(last?.data).toMatchObject({ status: 'failed', previousStatus: 'failed', container: { exit: { code } } });
      // Nor does a second start get further, and the bot is not stuck.
      expect(await bot.finish('start')).toMatchObject({ status: 'failed', error: { code: 'start_failed' } });
      await bot.run('delete');
      await bot.run('create', { start: true });
      expect(await bot.get()).toMatchObject({ status: 'running', exit: null, lastError: null });
    }
  });

  test('ten clients create one bot at once: one container', async () => {
    const bot = system().bot('ten');
    const body = { start: true, labels: { a: 'b' } };
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        httpClient(system().services.url, system().services.apiKey).post(bot.path(), body),
      ),
    );
    const operations = answers.map(operationOf);
    expect(operations.filter(({ noop, joined }) => !noop && !joined)).toHaveLength(1);
    await system().watcher.status(bot, 'running');
    expect(await bot.containers()).toHaveLength(1);
    expect((await bot.get()).queued).toBe(0);
    expect((await bot.events()).filter(({ type }) => type === 'operation.queued')).toHaveLength(1);
  });

  test('what is asked of a bot that never was, and of one that is gone', async () => {
    const never = system().bot('never');
    for (const verb of ['start', 'stop', 'restart', 'pause', 'resume', 'delete'] as const) {
      expectProblem(await never.ask(verb), 404, 'bot_not_found');
    }
    for (const path of [never.path(), never.path('/stats'), never.path('/logs'), `/v1/bots/${never.id}/events`]) {
      expectProblem(await system().http.get(path), 404, 'bot_not_found');
      expectProblem(await system().http.get(path, { accept: 'text/event-stream' }), 404, 'bot_not_found');
    }
    const gone = system().bot('gone');
    await gone.run('create');
    await gone.run('delete');
    const problem = expectProblem(await gone.ask('start'), 409, 'invalid_transition');
    expect(problem).toMatchObject({ containerStatus: 'absent', allowed: expect.arrayContaining(['create']) });
  });
}
