import { execResultSchema, taskSchema, type ExecResult, type TaskView } from '#contracts';
import { waitFor, type Answer } from '#testing';
import { expect } from '@jest/globals';
import type { TestBot } from '../support/bot.js';
import { exactly } from '../support/exact.js';

/** A bot's workspace as its owner would use it over HTTP. */
export class Inside {
  constructor(readonly bot: TestBot) {}

  path(suffix: string): string {
    return `/v1/bots/${this.bot.id}${suffix}`;
  }

  ask(body: object, headers?: Record<string, string>): Promise<Answer> {
    return this.bot.http.post(this.path('/exec'), body, headers);
  }

  async exec(command: string | string[], more: object = {}): Promise<ExecResult> {
    const answer = await this.ask({ command, ...more });
    expect({ status: answer.status, body: answer.body }).toMatchObject({ status: 200 });
    return exactly(execResultSchema, answer.body);
  }

  /** What it prints, where it ends well. */
  async output(command: string | string[], more: object = {}): Promise<string> {
    const { exitCode, stdout, stderr } = await this.exec(command, more);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    return stdout;
  }

  /** How many processes of the container have this in their command line. */
  async processes(mark: string): Promise<number> {
    // Not itself: the mark is put together there.
    const [first = '', ...rest] = mark;
    const script = `m="${first}""${rest.join('')}"; n=0; for p in /proc/[0-9]*/cmdline; do l=$(tr '\\0' ' ' < $p) 2>/dev/null; case $l in *"$m"*) n=$((n+1));; esac; done; echo $n`;
    return Number(await this.output(script));
  }

  async untilGone(mark: string): Promise<void> {
    await waitFor(async () => (await this.processes(mark)) === 0, {
      what: `no process of ${mark}`,
      deadlineMs: 20_000,
    });
  }

  async start(command: string | string[], more: object = {}): Promise<TaskView> {
    const answer = await this.bot.http.post(this.path('/tasks'), { command, ...more });
    expect({ status: answer.status, body: answer.body }).toMatchObject({ status: 201 });
    return exactly(taskSchema, answer.body);
  }

  async task(id: string): Promise<TaskView> {
    const answer = await this.bot.http.get(this.path(`/tasks/${id}`));
    expect(answer.status).toBe(200);
    return exactly(taskSchema, answer.body);
  }

  async ended({ id }: TaskView, deadlineMs = 20_000): Promise<TaskView> {
    await waitFor(async () => (await this.task(id)).status !== 'running', { what: 'the task to end', deadlineMs });
    return this.task(id);
  }

  async logs({ id }: TaskView, query = ''): Promise<string> {
    const answer = await this.bot.http.get(this.path(`/tasks/${id}/logs${query}`));
    expect(answer.status).toBe(200);
    return answer.body as string;
  }

  end({ id }: TaskView, query = ''): Promise<Answer> {
    return this.bot.http.delete(this.path(`/tasks/${id}${query}`));
  }
}
