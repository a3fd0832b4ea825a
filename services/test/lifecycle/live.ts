import { eventPage, eventSchema, type EventView } from '#contracts';
import { expect, test } from '@jest/globals';
import type { TestBot } from '../support/bot.js';
import { openStream, type StreamMessage } from '../support/event-stream.js';
import { exactly } from '../support/exact.js';
import type { System } from '../support/system.js';

const eventsIn = (messages: StreamMessage[]): EventView[] =>
  messages.filter(({ event }) => event === 'message').map(({ data }) => exactly(eventSchema, JSON.parse(data)));
const upTo = (version: number): number[] => Array.from({ length: version }, (_, index) => index + 1);

/** Pages, streams and sockets tell the same events: in order, without a gap, none twice. */
export function live(system: () => System): void {
  /** A bot with some history behind it. */
  const lived = async (name: string): Promise<TestBot> => {
    const bot = system().bot(name);
    await bot.run('create', { start: true });
    await bot.run('pause');
    await bot.run('resume');
    return bot;
  };
  const subscribed = async (message: Record<string, unknown>) => {
    const client = await system().services.socket();
    const ack = await client.ask('subscribe', message);
    const events = (): EventView[] =>
      client.received.filter(({ name }) => name === 'event').map(({ data }) => exactly(eventSchema, data));
    const reaches = (bot: TestBot, version: number) =>
      client.waitForEvent(
        ({ name, data }) => name === 'event' && data.botId === bot.id && data.version === version,
        `version ${version} of ${bot.id}`,
      );
    return { client, ack, events, reaches };
  };

  test('pages, the stream and the socket tell the same events, gapless, while it goes on', async () => {
    const { services, watcher } = system();
    const bot = await lived('same');
    const path = `/v1/bots/${bot.id}/events`;
    const replayed = await openStream(services, `${path}?after=0`);
    expect(replayed.status).toBe(200);
    expect(replayed.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const { client, ack, events, reaches } = await subscribed({ botId: bot.id, after: 0 });
    expect(ack).toMatchObject({ ok: true, version: expect.any(Number), container: { botId: bot.id } });

    await bot.run('restart');
    await bot.run('delete');
    const { version } = await bot.get();
    await reaches(bot, version);
    await replayed.until('the last event', (messages) => eventsIn(messages).some((event) => event.version === version));
    const paged = await bot.events();
    expect(paged.map((event) => event.version)).toEqual(upTo(version));
    expect(events()).toEqual(paged);
    expect(eventsIn(replayed.messages)).toEqual(paged);
    expect(watcher.of(bot.id)).toEqual(paged);
    const named = replayed.messages.filter(({ event }) => event === 'message');
    expect(named.map(({ id }) => id)).toEqual(paged.map(({ cursor }) => cursor));
    // Each begins where the one before has ended.
    expect(paged.slice(1).map(({ data }) => data.previousStatus)).toEqual(
      paged.slice(0, -1).map(({ data }) => data.status),
    );
    replayed.close();
    client.close();
  });

  test('a reconnect resumes after the last version, cursor or event id that was seen', async () => {
    const { services, http } = system();
    const bot = await lived('resume');
    const all = await bot.events();
    const seen = all[3];
    if (!seen) throw new Error('there are too few events');
    const rest = all.slice(4);

    expect(await bot.events(seen.version)).toEqual(rest);
    const byVersion = await subscribed({ botId: bot.id, after: seen.version });
    await byVersion.reaches(bot, all.length);
    expect(byVersion.events()).toEqual(rest);

    const path = `/v1/bots/${bot.id}/events`;
    for (const [query, headers] of [
      [`?cursor=${seen.cursor}`, {}],
      ['', { 'last-event-id': seen.cursor }],
      ['?after=0', { 'last-event-id': seen.cursor }],
    ] as const) {
      const stream = await openStream(services, path + query, { headers });
      await stream.until('the rest', (messages) => eventsIn(messages).length >= rest.length);
      expect(eventsIn(stream.messages)).toEqual(rest);
      stream.close();
    }

    // Nothing is replayed to one who is up to date or does not ask.
    const fresh = await subscribed({ botId: bot.id });
    const current = await subscribed({ botId: bot.id, after: all.length });
    await bot.run('stop');
    const { version } = await bot.get();
    for (const { events, reaches, client } of [fresh, current, byVersion]) {
      await reaches(bot, version);
      expect(events().at(-1)?.version).toBe(version);
      client.close();
    }
    expect(fresh.events().map((event) => event.version)).toEqual(upTo(version).slice(all.length));
    expect(current.events()).toEqual(fresh.events());
    const page = await http.get(`${path}?limit=2&after=${seen.version}`);
    expect(exactly(eventPage, page.body)).toEqual({ items: rest.slice(0, 2), nextCursor: rest[1]?.cursor });
  });

  test('the tenant’s events resume by cursor, over pages, stream and socket, in one order', async () => {
    const { services, http, watcher } = system();
    const [one, two] = [system().bot('tenant-1'), system().bot('tenant-2')];
    const { ack, client: marker } = await subscribed({ all: true });
    const start = ack.cursor as string;
    marker.close();
    await Promise.all([one.run('create', { start: true }), two.run('create')]);
    await Promise.all([one.run('stop'), two.run('delete')]);
    const ids = [one.id, two.id];
    const ofBoth = (events: EventView[]): EventView[] => events.filter(({ botId }) => ids.includes(botId));
    const expected = (await one.events()).length + (await two.events()).length;

    const socket = await subscribed({ all: true, cursor: start });
    expect(socket.ack).toEqual({ ok: true, cursor: start });
    const stream = await openStream(services, `/v1/events?cursor=${start}`);
    await stream.until('all of it', (messages) => ofBoth(eventsIn(messages)).length === expected);
    const last = ofBoth(eventsIn(stream.messages)).at(-1);
    await socket.client.waitForEvent(({ data }) => data.cursor === last?.cursor, 'the last event');

    const paged: EventView[] = [];
    for (let cursor: string | null = start; cursor !== null;) {
      const { status, body } = await http.get(`/v1/events?limit=7&cursor=${cursor}`);
      expect(status).toBe(200);
      const page = exactly(eventPage, body);
      paged.push(...page.items);
      cursor = page.nextCursor;
    }
    const told = ofBoth(paged);
    expect(told).toHaveLength(expected);
    expect(ofBoth(socket.events())).toEqual(told);
    expect(ofBoth(eventsIn(stream.messages))).toEqual(told);
    expect(ofBoth(watcher.all())).toEqual(told);
    for (const bot of [one, two]) {
      const versions = told.filter(({ botId }) => botId === bot.id).map(({ version }) => version);
      expect(versions).toEqual(upTo(versions.length));
    }
    socket.client.close();
    stream.close();
  });

  test('a socket that listens to all and to a bot gets each live event once, whichever of the two ends', async () => {
    const bot = await lived('both');
    const { client, events, reaches } = await subscribed({ all: true });
    const start = (await bot.get()).version;
    const ask = async (name: 'subscribe' | 'unsubscribe', message: object): Promise<void> =>
      void expect(await client.ask(name, message)).toMatchObject({ ok: true });
    const versions = (): number[] => events().flatMap((event) => (event.botId === bot.id ? [event.version] : []));

    await ask('subscribe', { botId: bot.id });
    await bot.run('pause');
    await ask('unsubscribe', { all: true });
    await bot.run('resume');
    await ask('subscribe', { all: true });
    await bot.run('pause');
    await ask('unsubscribe', { botId: bot.id });
    await bot.run('resume');
    const { version } = await bot.get();
    await reaches(bot, version);
    expect(versions()).toEqual(upTo(version).slice(start));

    // A replay is sent as it was asked for, and goes on live where it ends.
    const told = versions().length;
    const pausing = bot.run('pause');
    await ask('subscribe', { botId: bot.id, after: 0 });
    await pausing;
    await bot.run('delete');
    const last = (await bot.get()).version;
    await reaches(bot, last);
    const replayed = versions().slice(told);
    expect(replayed.slice(replayed.indexOf(1))).toEqual(upTo(last));
    expect(new Set(replayed.slice(0, replayed.indexOf(1))).size).toBe(replayed.indexOf(1));
    client.close();
  });

  test('unsubscribe ends it, another bot’s events never come, and what is malformed is refused', async () => {
    const [mine, other] = [await lived('mine'), system().bot('other')];
    const { client, events } = await subscribed({ botId: mine.id });
    await other.run('create');
    await mine.run('pause');
    await client.waitForEvent(
      ({ name, data }) => name === 'event' && data.type === 'operation.succeeded',
      'the end of its own pause',
    );
    expect(new Set(events().map(({ botId }) => botId))).toEqual(new Set([mine.id]));
    expect(await client.ask('unsubscribe', { botId: mine.id })).toEqual({ ok: true });
    const before = events().length;
    await mine.run('resume');
    const { version } = await mine.get();
    await system().watcher.until(mine, 'the last event', (event) => event.version === version);
    expect(await client.ask('unsubscribe', { all: true })).toEqual({ ok: true });
    expect(events()).toHaveLength(before);

    const refused = async (message: unknown, code: string): Promise<void> => {
      const answer = await client.ask('subscribe', message);
      expect(answer).toEqual({ ok: false, error: { code, detail: expect.stringMatching(/./) } });
    };
    await refused({ botId: `${mine.id}-nobody` }, 'bot_not_found');
    for (const message of [
      null,
      'x',
      {},
      { botId: '../x' },
      { botId: mine.id, after: -1 },
      { all: false },
      { all: 1 },
    ]) {
      await refused(message, 'validation_failed');
    }
    // With nothing but the wish for an answer, too.
    expect(await client.socket.timeout(10_000).emitWithAck('subscribe')).toMatchObject({
      ok: false,
      error: { code: 'validation_failed' },
    });
    await refused({ botId: mine.id, more: true }, 'validation_failed');
    await refused({ all: true, cursor: 'yesterday' }, 'validation_failed');
    expect(client.socket.connected).toBe(true);
    client.close();
  });
}
