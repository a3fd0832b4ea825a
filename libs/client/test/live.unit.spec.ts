import { waitFor } from '#testing';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';
import { BerthClient } from '../client.js';
import type { Connection } from '../line.js';
import type { Live } from '../live.js';

type Ack = (answer: object) => void;
interface Asked {
  socket: Socket;
  message: { botId?: string; all?: true; after?: number; cursor?: string };
  ack: Ack;
}

let http: HttpServer;
let sockets: Server;
let client: BerthClient;
let live: Live;
/** How often the state of alice was read. */
let reads: number;
let asked: Asked[];
let refusal: string | null;
let handshakes: number;
let states: Connection[];

beforeEach(async () => {
  [asked, refusal, handshakes, states, reads] = [[], null, 0, [], 0];
  http = createServer((_, response) => {
    reads += 1;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ botId: 'alice', version: 9 }));
  });
  sockets = new Server(http);
  sockets.use((_, next) => {
    handshakes += 1;
    next(refusal === null ? undefined : Object.assign(new Error(refusal), { data: { code: refusal } }));
  });
  sockets.on('connection', (socket) => {
    socket.on('subscribe', (message: Asked['message'], ack: Ack) => asked.push({ socket, message, ack }));
    socket.on('terminal.open', (_, ack: Ack) => ack({ ok: true, terminalId: 't-1' }));
    socket.on('terminal.input', ({ data }: { data: string }, ack: Ack) => {
      typed.push(data);
      ack(data.startsWith('full') ? { ok: false, error: { code: 'quota_exceeded', detail: 'full' } } : { ok: true });
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  client = new BerthClient({ url: `http://127.0.0.1:${port}`, token: 'x' });
  live = client.live();
  live.onConnection((connection) => states.push(connection));
});
afterEach(async () => {
  live.close();
  await sockets.close();
});
const typed: string[] = [];

/** What a reader of alice, or of all, is told. */
function reader(from: Parameters<Live['subscribe']>[0]) {
  const told: string[] = [];
  const subscription = live.subscribe(from, {
    onEvent: ({ version }) => told.push(String(version)),
    onReset: ({ container }) => told.push(`reset ${container.version}`),
    onError: ({ code }) => told.push(code),
  });
  return { told, subscription };
}
const nth = (count: number): Promise<Asked> =>
  waitFor(() => asked[count - 1], { what: `subscription ${count}`, deadlineMs: 5_000 });
const event = (version: number, botId = 'alice') => ({ botId, version, cursor: `1-${version}`, type: 'task.started' });
const sends = (socket: Socket, ...versions: number[]): void =>
  versions.forEach((version) => void socket.emit('event', event(version)));
const settled = (told: string[], length: number): Promise<boolean> =>
  waitFor(() => told.length >= length, { what: `${length} of ${told.join(', ')}` });

test('it asks again from the last event after each connection, and takes none twice', async () => {
  const { told } = reader({ botId: 'alice', after: 2 });
  const first = await nth(1);
  expect(first.message).toEqual({ botId: 'alice', after: 2 });
  first.ack({ ok: true, version: 4 });
  sends(first.socket, 3, 4, 4, 3);
  await settled(told, 2);
  first.socket.conn.close();
  const second = await nth(2);
  expect(second.message).toEqual({ botId: 'alice', after: 4 });
  second.ack({ ok: true, version: 6 });
  sends(second.socket, 4, 5, 6);
  await settled(told, 4);
  expect(told).toEqual(['3', '4', '5', '6']);
  expect(states).toEqual(['connected', 'reconnecting', 'connected']);
});

test('what is missing is asked for; what comes before the answer to that is not taken', async () => {
  const { told } = reader({ botId: 'alice', after: 0 });
  const { socket, ack } = await nth(1);
  ack({ ok: true, version: 1 });
  sends(socket, 1, 3);
  const again = await nth(2);
  expect(again.message).toEqual({ botId: 'alice', after: 1 });
  sends(socket, 4);
  again.ack({ ok: true, version: 4 });
  sends(socket, 2, 3, 4);
  await settled(told, 4);
  expect(told).toEqual(['1', '2', '3', '4']);
  // Whatever was read before this was asked for before this.
  await client.bots.container('alice').get();
  expect(reads).toBe(1);
});

test('what is not told when it is asked for is made good by the state as it is', async () => {
  const { told } = reader({ botId: 'alice', after: 0 });
  const { socket, ack } = await nth(1);
  ack({ ok: true, version: 9 });
  sends(socket, 5);
  (await nth(2)).ack({ ok: true, version: 9 });
  sends(socket, 5);
  await settled(told, 1);
  sends(socket, 9, 10);
  await settled(told, 2);
  expect(told).toEqual(['reset 9', '10']);
});

test('a reset is told once, and gone on from', async () => {
  const { told } = reader({ botId: 'alice', after: 1 });
  const { socket, ack } = await nth(1);
  ack({ ok: true, version: 7 });
  for (let twice = 0; twice < 2; twice += 1) {
    socket.emit('reset', { botId: 'alice', container: { botId: 'alice', version: 7 } });
  }
  sends(socket, 8);
  await settled(told, 2);
  expect(told).toEqual(['reset 7', '8']);
});

test('all of them, from now on: from where that was, then from the last event', async () => {
  const { told, subscription } = reader({ all: true });
  const first = await nth(1);
  expect(first.message).toEqual({ all: true });
  first.ack({ ok: true, cursor: '1-0' });
  expect(await subscription.ready).toMatchObject({ cursor: '1-0' });
  first.socket.conn.close();
  const second = await nth(2);
  expect(second.message).toEqual({ all: true, cursor: '1-0' });
  second.ack({ ok: true, cursor: '1-0' });
  second.socket.emit('event', event(7, 'bob'));
  await settled(told, 1);
  second.socket.conn.close();
  expect((await nth(3)).message).toEqual({ all: true, cursor: '1-7' });
});

test('a reader who comes later, and from now on, takes nothing from the one that is there', async () => {
  const early = reader({ botId: 'alice', after: 3 });
  const { socket, ack } = await nth(1);
  ack({ ok: true, version: 3 });
  sends(socket, 4);
  await settled(early.told, 1);
  const late = reader({ botId: 'alice' });
  const second = await nth(2);
  // Berth tells a socket of a bot once: what the first has still to get must be asked for too.
  expect(second.message).toEqual({ botId: 'alice', after: 4 });
  second.ack({ ok: true, version: 6 });
  sends(socket, 5, 6, 7);
  await settled(late.told, 1);
  expect(early.told).toEqual(['4', '5', '6', '7']);
  expect(late.told).toEqual(['7']);
});

test('a handshake that fails for a passing reason is tried again; a key that is no good is not', async () => {
  refusal = 'unavailable';
  const { told, subscription } = reader({ botId: 'alice', after: 0 });
  await waitFor(() => handshakes === 2, { what: 'another attempt' });
  refusal = 'unauthenticated';
  await expect(subscription.ready).rejects.toMatchObject({ code: 'unauthenticated', status: 401 });
  const attempts = handshakes;
  expect(told).toEqual(['unauthenticated']);
  expect(states).toEqual(['reconnecting', 'refused']);
  await expect(live.subscribe({ botId: 'bob' }, {}).ready).rejects.toMatchObject({ code: 'unauthenticated' });
  expect(handshakes).toBe(attempts);
});

test('one that was sent away, as a revoked key is, learns at the handshake that it may not come back', async () => {
  const { subscription, told } = reader({ botId: 'alice', after: 0 });
  const { socket, ack } = await nth(1);
  ack({ ok: true, version: 0 });
  await subscription.ready;
  refusal = 'unauthenticated';
  socket.disconnect(true);
  await settled(told, 1);
  expect(told).toEqual(['unauthenticated']);
  expect(live.connection).toBe('refused');
});

test('what is typed goes in pieces that end no character, in order, and no further than it is taken', async () => {
  const terminal = await live.openTerminal({ botId: 'alice', cols: 80, rows: 24 });
  typed.length = 0;
  const text = `${'a'.repeat(8191)}😀${'b'.repeat(9000)}`;
  await Promise.all([terminal.write(text), terminal.write('after')]);
  expect(typed.join('')).toBe(`${text}after`);
  expect(typed.every((piece) => piece.length <= 8192 && piece.isWellFormed())).toBe(true);
  typed.length = 0;
  await expect(terminal.write(`full${'x'.repeat(9000)}`)).rejects.toMatchObject({ code: 'quota_exceeded' });
  expect(typed).toHaveLength(1);
});

test('once it is closed, nothing is opened any more', async () => {
  reader({ botId: 'alice', after: 0 });
  await nth(1);
  live.close();
  expect(() => live.subscribe({ botId: 'bob' }, {})).toThrow('connection_failed');
  await expect(live.openTerminal({ botId: 'alice', cols: 80, rows: 24 })).rejects.toThrow('connection_failed');
  expect(states.at(-1)).toBe('closed');
});
