import type { TaskCreateBody } from '#contracts';
import type { Bot, Task, TaskEnd } from '#domain';
import type { TaskRecord } from '#operations';
import type { BotInside, BotStore, TaskStore } from '#persistence';
import type { Log } from '#platform';
import { RuntimeFailure, type Programs } from '#runtime';
import { setTimeout as delay } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { capture } from './capture.js';
import { missingDirectory } from './shell-failure.js';
import type { RunEnds } from './run-ends.js';
import { supervise, type Supervised } from './supervised.js';
import { BEGIN_TASK, FORGET_TASKS, LOOK_AT_TASKS, READ_TASK } from './task-scripts.js';

/** From the signal to the kill. Milliseconds. */
const GRACE_MS = 10_000;
/** From the kill until its end is seen. */
const KILLED_MS = 5_000;
const LOOK_EVERY_MS = 100;

export interface TaskParts {
  programs: Programs;
  ends: RunEnds;
  record: TaskRecord;
  tasks: Pick<TaskStore, 'find' | 'prune'>;
  bots: Pick<BotStore, 'findByKey'>;
  log: Log;
}

/** A container that runs, and what its owner gave it. */
interface Place {
  bot: BotInside;
  containerId: string;
  env: Record<string, string>;
}

/**
 * Background processes. A task is recorded before it begins, so that none runs that nobody knows of; it needs nobody to
 * go on, and leaves its exit code in its container, so that its end is recorded whoever was away then.
 */
export class Tasks {
  /** Bots whose tasks are being looked at, and whether that has to be done again. */
  readonly #looking = new Map<string, { again: boolean }>();
  /** Bots by their container where tasks run: whatever program ends there may be one. */
  readonly #places = new Map<string, string>();

  constructor(private readonly parts: TaskParts) {}

  /** Throws Refusal, RuntimeFailure. */
  async start({ bot, containerId, env }: Place, body: TaskCreateBody, signal: AbortSignal): Promise<Task> {
    const { key: botKey, tenantId, botId } = bot;
    const id = uuidv7();
    this.#places.set(containerId, botKey);
    await this.parts.record.start({ id, tenantId, botKey, botId, name: body.name ?? null, command: body.command });
    try {
      await this.#begin(containerId, id, { ...body, env: { ...env, ...body.env } }, signal);
    } catch (error) {
      await this.parts.record.end(botKey, id, { status: 'lost', exitCode: null, reason: 'It could not begin.' });
      throw error;
    }
    void this.#prune(bot, containerId);
    const task = await this.parts.tasks.find(tenantId, botId, id);
    if (!task) throw new Error('a task that was just started is not recorded');
    return task;
  }

  /** Its output, for as long as it is read. */
  logs(
    containerId: string,
    id: string,
    options: { tail: number; follow: boolean },
    take: Parameters<typeof supervise>[3],
    signal: AbortSignal,
  ): Promise<Supervised> {
    const argv = ['/bin/sh', '-c', READ_TASK, 'sh', id, String(options.tail), options.follow ? 'follow' : ''];
    return supervise(this.parts, containerId, { argv, env: {}, user: '0' }, take, signal);
  }

  /**
   * Signals all of it but what waits for it, kills what is left after 10 s, and returns when nothing is left and its end is
   * recorded. One that has ended by itself may have left something, too.
   */
  async end({ bot, containerId }: Place, id: string, name: string): Promise<void> {
    const { ends, record } = this.parts;
    const known = new Set<string>();
    // What is killed is stopped first, so that nothing of it gets away.
    const first = { name: name === 'KILL' ? '0' : name, isAsked: true };
    // Once: to many programs a second signal means that they are to give up what they are putting away.
    if ((await ends.signal(containerId, id, first, known)) && name !== 'KILL') {
      const until = Date.now() + GRACE_MS;
      while (Date.now() < until && (await ends.signal(containerId, id, { name: '0' }, known))) {
        await delay(LOOK_EVERY_MS);
      }
    }
    await ends.end(containerId, id, { known });
    if (await this.#hasEnded(bot, id, KILLED_MS)) return;
    // What waited for it is gone, too, so that nobody will ever write its code.
    await record.end(bot.key, id, { status: 'killed', exitCode: null, reason: ON_REQUEST });
  }

  /** A program has ended in a container. */
  programEnded(containerId: string): void {
    const botKey = this.#places.get(containerId);
    if (botKey !== undefined) this.#lookLater(botKey);
  }

  /** A bot was come by: its tasks may have ended while nobody was here. */
  pass({ key, containerId, tasks }: Bot): void {
    if (containerId === null) return;
    if (tasks.length === 0) return void this.#places.delete(containerId);
    this.#places.set(containerId, key);
    this.#lookLater(key);
  }

  #lookLater(botKey: string): void {
    this.look(botKey).catch((error: unknown) =>
      this.parts.log.warn({ err: error, botKey }, 'tasks could not be looked at; the next listing will tell'),
    );
  }

  /** Records what tasks of a bot have ended. One look at a time; what comes meanwhile is one more. */
  async look(botKey: string): Promise<void> {
    const busy = this.#looking.get(botKey);
    if (busy) return void (busy.again = true);
    const look = { again: false };
    this.#looking.set(botKey, look);
    try {
      do {
        look.again = false;
        await this.#lookOnce(botKey);
      } while (look.again);
    } finally {
      this.#looking.delete(botKey);
    }
  }

  async #lookOnce(botKey: string): Promise<void> {
    const bot = (await this.parts.bots.findByKey(botKey))?.bot;
    if (bot?.state !== 'running' || bot.containerId === null || bot.tasks.length === 0) return;
    const ids = bot.tasks.map(({ id }) => id);
    const argv = ['/bin/sh', '-c', LOOK_AT_TASKS, 'sh', ...ids];
    let seen: Map<string, TaskEnd>;
    try {
      seen = readEnds((await capture(this.parts.programs, bot.containerId, { argv, user: '0' })).stdout);
    } catch (error) {
      // Frozen, or ended meanwhile: whoever ended it has told of its tasks, too.
      if (error instanceof RuntimeFailure && error.code.startsWith('container_')) return;
      throw error;
    }
    for (const [id, end] of seen) {
      // One that has only just been recorded may not have begun.
      const young = Date.now() - Date.parse(bot.tasks.find((task) => task.id === id)?.startedAt ?? '') < BEGIN_MS;
      if (end.status === 'lost' && young) continue;
      if (ids.includes(id)) await this.parts.record.end(botKey, id, end);
    }
  }

  async #begin(containerId: string, id: string, body: TaskCreateBody, signal: AbortSignal): Promise<void> {
    const { command, cwd = '', env } = body;
    const program = typeof command === 'string' ? ['/bin/sh', '-c', command] : command;
    const argv = ['/bin/sh', '-c', BEGIN_TASK, 'sh', id, cwd, ...program];
    const { stdout: answer, failed } = await capture(this.parts.programs, containerId, { argv, env, until: 5 }, signal);
    if (answer.startsWith('ready')) return;
    if (answer === 'cwd') throw missingDirectory(cwd);
    const lacking = /^lacks (\w+)$/.exec(answer)?.[1];
    const told = lacking
      ? `The image has no ${lacking}, which a task needs.`
      : answer === 'home'
        ? 'The task has no directory for its output: neither /var/lib nor /tmp can be written to.'
        : null;
    if (told !== null) throw new RuntimeFailure('program_missing', told, { retryable: false });
    throw (await failed()) ?? new RuntimeFailure('container_not_running', 'The container ended.', { retryable: true });
  }

  async #hasEnded(bot: BotInside, id: string, withinMs: number): Promise<boolean> {
    const until = Date.now() + withinMs;
    for (;;) {
      await this.look(bot.key);
      const task = await this.parts.tasks.find(bot.tenantId, bot.botId, id);
      if (task?.status !== 'running') return true;
      if (Date.now() > until) return false;
      await delay(LOOK_EVERY_MS);
    }
  }

  async #prune({ key }: BotInside, containerId: string): Promise<void> {
    try {
      const forgotten = await this.parts.tasks.prune(key);
      if (forgotten.length === 0) return;
      const argv = ['/bin/sh', '-c', FORGET_TASKS, 'sh', ...forgotten];
      await capture(this.parts.programs, containerId, { argv, user: '0' });
    } catch (error) {
      this.parts.log.warn({ err: error }, 'old tasks could not be forgotten; the next start tries again');
    }
  }
}

const ON_REQUEST = 'It was ended on request.';

/** So long a task may be recorded and not begun. Milliseconds. */
const BEGIN_MS = 30_000;

function readEnds(text: string): Map<string, TaskEnd> {
  const ends = new Map<string, TaskEnd>();
  for (const line of text.split('\n')) {
    const [, id = '', word = '', asked = ''] = /^(\S+) (\d+|gone) ?(killed)?$/.exec(line) ?? [];
    if (id === '') continue;
    if (word === 'gone') ends.set(id, { status: 'lost', exitCode: null, reason: 'Nobody saw how it ended.' });
    else if (asked) ends.set(id, { status: 'killed', exitCode: Number(word), reason: ON_REQUEST });
    else ends.set(id, { status: 'exited', exitCode: Number(word), reason: null });
  }
  return ends;
}
