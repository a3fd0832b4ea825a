import { afterEach, expect, test } from '@jest/globals';
import { BerthClient } from '../client.js';
import type { EventsOptions } from '../events.js';
import { cut, json, problem, scriptedServer, stream, type ScriptedServer } from './scripted-server.js';

let server: ScriptedServer;
afterEach(() => server.close());

const event = (version: number, botId = 'alice', place = version): string =>
  `id: 1-${place}\ndata: ${JSON.stringify({ botId, version, cursor: `1-${place}`, type: 'task.started' })}\n\n`;
const reset = (version: number, id: string | null, botId = 'alice'): string =>
  `event: reset\n${id === null ? '' : `id: ${id}\n`}data: ${JSON.stringify({ botId, container: { botId, version } })}\n\n`;

/** What is told until there are so many, `version` or `reset version`, and what was asked for it. */
async function followed(
  answers: Parameters<typeof scriptedServer>,
  options: EventsOptions,
  count: number,
): Promise<{ told: string[]; asked: string[] }> {
  server = await scriptedServer(...answers);
  const client = new BerthClient({ url: server.url, token: 'x' });
  const told: string[] = [];
  for await (const item of client.events(options)) {
    const version = 'container' in item ? `reset ${item.container.version}` : String(item.version);
    told.push(item.botId === 'alice' ? version : `${item.botId} ${version}`);
    if (told.length === count) break;
  }
  return { told, asked: server.heard.map(({ url }) => url.replace(/^\/v1\/(bots\/alice\/)?/, '')) };
}
const ALICE = { botId: 'alice', after: 0 };

test('a stream that breaks within an event goes on after the last whole one', async () => {
  const half = event(3).slice(0, 20);
  const answers = [stream([event(1), event(2), half], 'break'), stream([event(3), event(4)], 'stay')] as const;
  expect(await followed([...answers], ALICE, 4)).toEqual({
    told: ['1', '2', '3', '4'],
    asked: ['events?after=0', 'events?after=2'],
  });
});

test('what is told twice is taken once', async () => {
  const answers = [
    stream([event(1), event(2), event(1), event(2), event(3)], 'end'),
    stream([event(3), event(4)], 'stay'),
  ];
  expect((await followed(answers, ALICE, 4)).told).toEqual(['1', '2', '3', '4']);
});

test('an event too far is not taken: what is missing before it is asked for', async () => {
  const answers = [stream([event(1), event(4)], 'stay'), stream([event(2), event(3), event(4)], 'stay')];
  expect(await followed(answers, ALICE, 4)).toEqual({
    told: ['1', '2', '3', '4'],
    asked: ['events?after=0', 'events?after=1'],
  });
});

test('of all bots, what one misses is asked for from before it, and no other is told twice', async () => {
  const first = [event(1, 'alice', 10), event(7, 'bob', 11), event(3, 'alice', 13)];
  const second = [event(2, 'alice', 10.5).replaceAll('10.5', '105'), event(7, 'bob', 11), event(3, 'alice', 13)];
  const answers = [stream(first, 'stay'), stream(second, 'stay')];
  expect(await followed(answers, { all: true, cursor: '1-9' }, 4)).toEqual({
    told: ['1', 'bob 7', '2', '3'],
    asked: ['events?cursor=1-9', 'events?cursor=1-10'],
  });
});

test('what Berth does not tell any more is made good by the state as it is', async () => {
  const answers = [
    stream([event(1), event(4)], 'stay'),
    stream([event(4), event(5)], 'stay'),
    json(200, { botId: 'alice', version: 4 }),
  ];
  expect(await followed(answers, ALICE, 3)).toEqual({
    told: ['1', 'reset 4', '5'],
    asked: ['events?after=0', 'events?after=1', 'container'],
  });
});

test('a reset is told once, and its version is gone on from', async () => {
  const answers = [stream([reset(9, '1-9'), event(10)], 'break'), stream([event(11)], 'stay')];
  expect(await followed(answers, ALICE, 3)).toEqual({
    told: ['reset 9', '10', '11'],
    asked: ['events?after=0', 'events?after=10'],
  });
});

test('resets of many that break off are asked for again, and those that were told are not told again', async () => {
  const first = [reset(9, null), reset(5, null, 'bob')];
  const second = [reset(9, null), reset(6, null, 'bob'), reset(1, '1-50', 'carol')];
  const answers = [stream(first, 'break'), stream(second, 'break'), stream([event(10, 'alice', 51)], 'stay')];
  expect(await followed(answers, { all: true, cursor: '1-9' }, 5)).toEqual({
    told: ['reset 9', 'bob reset 5', 'bob reset 6', 'carol reset 1', '10'],
    asked: ['events?cursor=1-9', 'events?cursor=1-9', 'events?cursor=1-50'],
  });
});

test('from now on, it goes on from where it has begun', async () => {
  const answers = [stream([': open\nid: 1-4\n\n'], 'break'), stream([event(5), event(6)], 'stay')];
  expect(await followed(answers, { botId: 'alice' }, 2)).toEqual({
    told: ['5', '6'],
    asked: ['events', 'events?cursor=1-4'],
  });
});

test('what passes is tried again: a broken connection, a gateway, a database that is away', async () => {
  const away = problem(503, 'unavailable', { retryable: true });
  const reconnects: (string | undefined)[] = [];
  const options = { ...ALICE, onReconnect: (error: { code: string } | null) => reconnects.push(error?.code) };
  const answers = [cut, json(502, 'bad gateway'), away, stream([event(1)], 'stay')];
  expect((await followed(answers, options, 1)).told).toEqual(['1']);
  expect(reconnects).toEqual(['connection_failed', 'unexpected_answer', 'unavailable']);
});

test.each([
  [401, 'unauthenticated'],
  [403, 'forbidden'],
  [404, 'bot_not_found'],
])('what stays is told: %i %s', async (status, code) => {
  await expect(followed([problem(status, code)], ALICE, 1)).rejects.toMatchObject({ status, code });
  expect(server.heard).toHaveLength(1);
});

test('the signal ends it, whether it waits for an event or for the next attempt', async () => {
  const waiting = new AbortController();
  const answers = [stream([event(1)], 'stay')];
  server = await scriptedServer(...answers);
  const items = new BerthClient({ url: server.url, token: 'x' }).events({ ...ALICE, signal: waiting.signal });
  expect(await items.next()).toMatchObject({ done: false, value: { version: 1 } });
  const next = items.next();
  waiting.abort();
  expect(await next).toEqual({ done: true, value: undefined });

  const leave = new AbortController();
  const nobody = new BerthClient({ url: 'http://127.0.0.1:1', token: 'x' });
  const none = nobody.events({ ...ALICE, signal: leave.signal, onReconnect: () => leave.abort() });
  expect(await none.next()).toEqual({ done: true, value: undefined });
});
