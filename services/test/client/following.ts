import {
  BerthClient,
  type BotEvent,
  type Connection,
  type Fetch,
  type Live,
  type StreamItem,
  type Subscription,
} from '#client';
import { startProxy, waitFor } from '#testing';
import { afterEach, expect, test } from '@jest/globals';
import type { System } from '../support/system.js';
import { clientOf } from './surface.js';

const versionsOf = (items: { version: number }[]): number[] => items.map(({ version }) => version);
const upTo = (version: number): number[] => Array.from({ length: version }, (_, index) => index + 1);

/** Streams and sockets through what an installation goes through. */
export function following(system: () => System): void {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
  /** Closed behind the test, however it ends. */
  const liveOf = (client: BerthClient): Live => {
    const live = client.live();
    cleanups.push(() => live.close());
    return live;
  };
  const leaving = (): AbortController => {
    const leave = new AbortController();
    cleanups.push(() => leave.abort());
    return leave;
  };

  test('events go on over a crash of the api, none left out and none twice: streams and sockets', async () => {
    const client = clientOf(system());
    const { services, bot } = system();
    const { id } = bot('crash');
    const container = client.bots.container(id);
    await container.create({ start: true }, { wait: 45 });

    const leave = leaving();
    const heard = {
      bot: [] as StreamItem[],
      tenant: [] as StreamItem[],
      live: [] as BotEvent[],
      all: [] as BotEvent[],
    };
    const failures: unknown[] = [];
    const follow = async (into: StreamItem[], items: AsyncIterable<StreamItem>): Promise<void> => {
      for await (const item of items) if (item.botId === id) into.push(item);
    };
    const { signal } = leave;
    const { cursor } = (await client.bots.events(id, { after: 0, limit: 1 })).items[0] as BotEvent;
    const streams = [
      follow(heard.bot, client.events({ botId: id, after: 0, signal })),
      follow(heard.tenant, client.events({ all: true, cursor, signal })),
    ].map((stream) => stream.catch((error: unknown) => failures.push(error)));
    const live = liveOf(client);
    const states: Connection[] = [];
    live.onConnection((connection) => states.push(connection));
    const onError = (error: unknown): void => void failures.push(error);
    await live.subscribe({ botId: id, after: 0 }, { onEvent: (event) => heard.live.push(event), onError }).ready;
    await live.subscribe(
      { all: true, cursor },
      { onEvent: (event) => void (event.botId === id && heard.all.push(event)), onError },
    ).ready;

    const pausedAt = (await container.pause({ wait: 45 })).finishedAt;
    expect(pausedAt).not.toBeNull();
    await services.api.restart('SIGKILL');
    await services.ready();
    await waitFor(() => live.connection === 'connected', { what: 'the sockets to be back' });
    await container.resume({ wait: 45 });
    await services.api.restart('SIGTERM');
    await services.ready();
    await container.delete({}, { wait: 45 });
    const { version } = await container.get();
    const ended = (items: { botId: string }[]): boolean => (items.at(-1) as BotEvent | undefined)?.version === version;
    await waitFor(() => Object.values(heard).every(ended) || failures.length > 0, {
      what: `version ${version} on all four`,
      deadlineMs: 30_000,
    });
    expect(failures).toEqual([]);
    expect(versionsOf(heard.bot as BotEvent[])).toEqual(upTo(version));
    expect(versionsOf(heard.tenant as BotEvent[])).toEqual(upTo(version).slice(1));
    expect(versionsOf(heard.live)).toEqual(upTo(version));
    expect(heard.all).toEqual(heard.live.slice(1));
    expect(heard.bot).toEqual(heard.live);
    expect(states.filter((state) => state === 'reconnecting').length).toBeGreaterThanOrEqual(2);
    expect(live.connection).toBe('connected');
    leave.abort();
    await Promise.all(streams);
    live.close();
    expect(live.connection).toBe('closed');
  });

  test('what happens to a stream from now on that is cut off before its first event is not missed', async () => {
    const { services, bot } = system();
    const now = bot('now');
    await now.run('create');
    const before = (await now.get()).version;
    const proxy = await startProxy(services.url);
    cleanups.push(() => proxy.close());
    const told: string[] = [];
    const listening: Fetch = async (url, init) => {
      const response = await fetch(url, init);
      const decoder = new TextDecoder();
      const tap = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          told.push(decoder.decode(chunk));
          controller.enqueue(chunk);
        },
      });
      return new Response(response.body?.pipeThrough(tap), response);
    };
    const client = new BerthClient({ url: proxy.url, token: services.apiKey, fetch: listening });
    const leave = leaving();
    const streams: BotEvent[][] = [[], []];
    const reconnects: unknown[] = [];
    const following = [{ botId: now.id }, { all: true } as const].map(async (from, index) => {
      const items = client.events({ ...from, signal: leave.signal, onReconnect: (error) => reconnects.push(error) });
      for await (const item of items) if (item.botId === now.id) streams[index]?.push(item as BotEvent);
    });
    await waitFor(() => told.filter((text) => text.includes('id: ')).length === 2, { what: 'both to have begun' });
    proxy.down();
    await waitFor(() => reconnects.length >= 2, { what: 'both to see that they are cut off' });
    await now.run('start');
    const { version } = await now.get();
    proxy.up();
    const missed = upTo(version).slice(before);
    await waitFor(() => streams.every((events) => events.length >= missed.length), { what: 'what they missed' });
    expect(streams.map(versionsOf)).toEqual([missed, missed]);
    leave.abort();
    await Promise.all(following);
  });

  test('readers of one bot on one socket each get what they asked for', async () => {
    const client = clientOf(system());
    const bot = system().bot('readers');
    await bot.run('create', { start: true });
    const live = liveOf(client);
    const heard: Record<string, BotEvent[]> = { late: [], whole: [], now: [] };
    const read = (name: string, from: { after?: number }): Subscription =>
      live.subscribe({ botId: bot.id, ...from }, { onEvent: (event) => heard[name]?.push(event) });
    const began = (await read('late', { after: 2 }).ready).version ?? 0;
    const whole = read('whole', { after: 0 });
    const now = read('now', {});
    await Promise.all([whole.ready, now.ready]);
    await bot.run('pause');
    const { version } = await bot.get();
    const last = (name: string): boolean => heard[name]?.at(-1)?.version === version;
    await waitFor(() => ['late', 'whole', 'now'].every(last), { what: 'the last event at all three' });
    expect(versionsOf(heard['late'] ?? [])).toEqual(upTo(version).slice(2));
    expect(versionsOf(heard['whole'] ?? [])).toEqual(upTo(version));
    expect(versionsOf(heard['now'] ?? [])).toEqual(upTo(version).slice(began));
    whole.close();
    await bot.run('resume');
    const end = (await bot.get()).version;
    await waitFor(() => heard['late']?.at(-1)?.version === end, { what: 'the last event at the one that stayed' });
    expect(versionsOf(heard['whole'] ?? [])).toEqual(upTo(version));
  });

  test('a wrong key is told once, and an unknown bot ends its subscription alone', async () => {
    const refused = clientOf(system(), 'x'.repeat(40));
    const errors: unknown[] = [];
    const live = liveOf(refused);
    live.onConnection((connection, error) => errors.push([connection, error]));
    const subscription = live.subscribe({ botId: 'alice' }, {});
    await expect(subscription.ready).rejects.toMatchObject({ code: 'unauthenticated', status: 401 });
    await expect(live.openTerminal({ botId: 'alice', cols: 80, rows: 24 })).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    expect(errors).toEqual([['refused', expect.objectContaining({ code: 'unauthenticated' })]]);
    await expect(refused.events({ botId: 'alice', after: 0 }).next()).rejects.toMatchObject({
      code: 'unauthenticated',
    });

    const client = clientOf(system());
    const good = liveOf(client);
    const told: unknown[] = [];
    const none = good.subscribe({ botId: 'nobody-of-this-name' }, { onError: (error) => told.push(error) });
    await expect(none.ready).rejects.toMatchObject({ code: 'bot_not_found' });
    expect(told).toMatchObject([{ code: 'bot_not_found' }]);
    expect(good.connection).toBe('connected');
    await expect(client.events({ botId: 'nobody-of-this-name' }).next()).rejects.toMatchObject({
      code: 'bot_not_found',
    });
  });

  test('a terminal: written to, resized, ended by itself, by its reader and by the loss of its socket', async () => {
    const client = clientOf(system());
    const bot = system().bot('terminal');
    await bot.run('create', { start: true });
    const live = liveOf(client);
    const shown: string[] = [];
    const exits: (number | null)[] = [];
    const handlers = {
      onOutput: (data: string) => void shown.push(data),
      onExit: (exitCode: number | null) => void exits.push(exitCode),
    };
    const shell = { botId: bot.id, cols: 80, rows: 24, command: 'sh' };
    const terminal = await live.openTerminal(shell, handlers);
    await terminal.resize(100, 30);
    await terminal.write('stty size; echo $((6 * 7))\n');
    await waitFor(() => /30 100\s+42/.test(shown.join('')), { what: 'the size and the answer' });
    await terminal.write('exit 5\n');
    await waitFor(() => exits.length === 1, { what: 'its exit' });
    await expect(terminal.write('more')).rejects.toMatchObject({ code: 'connection_failed' });

    const closed = await live.openTerminal(shell, handlers);
    await closed.close();
    const cut = await live.openTerminal(shell, handlers);
    await system().services.api.restart('SIGKILL');
    await waitFor(() => exits.length === 2, { what: 'the end of the one whose socket is lost' });
    expect(exits).toEqual([5, null]);
    await expect(cut.resize(80, 24)).rejects.toMatchObject({ code: 'connection_failed' });
    await system().services.ready();
  });
}
