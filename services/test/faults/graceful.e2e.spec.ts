import type { EventView } from '#contracts';
import { startRedis, waitFor, type SocketClient, type TestRedis } from '#testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openStream, type OpenStream } from '../support/event-stream.js';
import { STUBBORN, TestBed } from './bed.js';
import { expectTruth } from './truth.js';

const WORKER_EXIT_MS = 10_000;
const API_EXIT_MS = 4_000;

let bed: TestBed;
let redis: TestRedis;

beforeAll(async () => {
  redis = await startRedis();
  bed = await TestBed.start({ redisUrl: redis.url });
});

afterAll(async () => {
  await bed?.stop().finally(() => redis?.stop());
});

async function exitMs(service: 'api' | 'worker'): Promise<number> {
  const toldAt = performance.now();
  await bed.services[service].kill('SIGTERM');
  return performance.now() - toldAt;
}

describe('a worker told to end in the middle of long operations', () => {
  it('ends in time and hands them over at once, uncounted', async () => {
    const long = bed.bot('long');
    const restarted = bed.bot('restarted');
    const deleted = bed.bot('deleted');
    await Promise.all([long, restarted, deleted].map((bot) => bed.make(bot, true, STUBBORN)));
    const operations = [
      await bed.accept(long, 'stop', { timeoutSeconds: 8 }),
      await bed.accept(restarted, 'restart'),
      await bed.accept(deleted, 'delete'),
    ];
    const behind = await bed.accept(long, 'start');
    // Each has been told to end, does not listen, and would be killed after eight or ten seconds.
    const told = () => [long, restarted, deleted].every((bot) => bed.engine.count(bot, 'kill') === 1);
    await waitFor(told, { what: 'every stop to be under way' });

    expect(await exitMs('worker')).toBeLessThan(WORKER_EXIT_MS);
    for (const { id } of operations) expect(await bed.operation(id)).toMatchObject({ status: 'queued', attempt: 0 });
    bed.services.worker.start();
    for (const { id } of operations) expect((await bed.succeeds(id)).attempt).toBe(1);
    await bed.succeeds(behind.id);
    await expectTruth(bed, long, 'running');
    await expectTruth(bed, restarted, 'running');
    await expectTruth(bed, deleted, 'absent');
    for (const bot of [long, restarted]) {
      // Told to end by one worker and found ended by the next, and asked for all the same.
      expect((await bed.view(bot)).exit).toMatchObject({ cause: 'stopped' });
      expect({ bot, did: [bed.engine.count(bot, 'create'), bed.engine.count(bot, 'die')] }).toEqual({
        bot,
        did: [1, 1],
      });
    }
  });

  it('ends at once with nothing to do, and its successor takes what comes', async () => {
    expect(await exitMs('worker')).toBeLessThan(API_EXIT_MS);
    bed.services.worker.start();
    const bot = bed.bot('after');
    const { id } = await bed.accept(bot, 'create', { start: true });
    await bed.succeeds(id);
  });
});

/** Follows a bot as a careful client does: it subscribes again, from where it was, whenever it is connected again. */
class Follower {
  readonly versions: number[] = [];
  readonly faults: string[] = [];
  #last = 0;

  constructor(
    private readonly client: SocketClient,
    private readonly bot: string,
  ) {
    client.socket.on('event', (event: EventView) => {
      this.versions.push(event.version);
      this.#last = event.version;
    });
    // The helper gives up at the first failure to connect, which is for those who connect for the first time.
    client.socket.off('connect_error');
    client.socket.on('connect', () => void this.subscribe());
    client.socket.on('reset', () => this.faults.push('reset'));
  }

  async subscribe(): Promise<void> {
    const answer = await this.client.ask('subscribe', { botId: this.bot, after: this.#last }).catch(String);
    if (typeof answer === 'string' || answer['ok'] !== true) this.faults.push(JSON.stringify(answer));
  }
}

const eventsOf = (streams: OpenStream[]): EventView[] =>
  streams.flatMap(({ messages }) =>
    messages.filter(({ event }) => event === 'message').map(({ data }) => JSON.parse(data) as EventView),
  );

describe('an API told to end while it is watched', () => {
  it('ends at once, and who watched goes on with its successor without gap or double', async () => {
    const bot = bed.bot('watched');
    await bed.make(bot, true);
    const follower = new Follower(await bed.services.socket(), bot);
    await follower.subscribe();
    const path = `/v1/bots/${bot}/events`;
    const streams = [await openStream(bed.services, `${path}?after=0`)];
    const tenant = [await openStream(bed.services, '/v1/events?cursor=0-0')];
    const logs = await openStream(bed.services, `/v1/bots/${bot}/container/logs?follow=true`);
    // So much to tell that it goes on before, while and after there is no API.
    const operations: string[] = [];
    for (let round = 0; round < 6; round += 1) {
      for (const verb of ['pause', 'resume', 'restart']) operations.push((await bed.accept(bot, verb)).id);
    }
    await waitFor(() => follower.versions.length > 20, { what: 'the news to flow' });
    const wait = bed.http.get(`/v1/operations/${operations.at(-1)}?wait=30`).catch(() => null);

    expect(await exitMs('api')).toBeLessThan(API_EXIT_MS);
    await Promise.all([...streams, ...tenant, logs].map((stream) => stream.untilEnd(1_000)));
    await wait;
    const before = follower.versions.length;
    bed.services.api.start();
    await bed.services.ready();
    const resume = (all: OpenStream[], url: string) =>
      openStream(bed.services, url, { headers: { 'last-event-id': eventsOf(all).at(-1)?.cursor ?? '0-0' } });
    streams.push(await resume(streams, path));
    tenant.push(await resume(tenant, '/v1/events'));

    for (const id of operations) await bed.succeeds(id, 60_000);
    const { length } = await expectTruth(bed, bot, 'running');
    const whole = Array.from({ length }, (_, index) => index + 1);
    await waitFor(() => follower.versions.at(-1) === length, { what: 'the socket to be up to date' });
    const isDone = (all: OpenStream[]) =>
      eventsOf(all).some((event) => event.botId === bot && event.version === length);
    await waitFor(() => isDone(streams) && isDone(tenant), { what: 'the streams to be up to date' });

    expect(before).toBeLessThan(length);
    expect(follower.faults).toEqual([]);
    expect(follower.versions).toEqual(whole);
    expect(eventsOf(streams).map(({ version }) => version)).toEqual(whole);
    const ofBot = eventsOf(tenant).filter(({ botId }) => botId === bot);
    expect(ofBot.map(({ version }) => version)).toEqual(whole);
    for (const stream of [...streams, ...tenant]) stream.close();
  });
});
