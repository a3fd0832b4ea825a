import { SCOPES } from '#contracts';
import { socketClient } from '#testing';
import { beforeAll, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { openStream } from '../support/event-stream.js';
import type { System } from '../support/system.js';
import { allBut, makeExpiredKey, makeKey, makeTenant, type Tenant } from '../support/tenants.js';
import { startWatching } from '../support/watcher.js';

const REVOKED_MS = 6_000;

/** Sockets and streams: who is let in, what they are told, and when they end. */
export function sockets(system: () => System): void {
  let tenant: Tenant;
  beforeAll(async () => {
    tenant = await makeTenant(system());
  });

  test('a bad token is refused at the handshake', async () => {
    const { http, services } = system();
    const revoked = await makeKey(http, [...SCOPES]);
    await http.delete(`/v1/api-keys/${revoked.id}`);
    const expired = await makeExpiredKey(system(), http);
    const unknown = `berth_${randomBytes(16).toString('hex')}_${randomBytes(32).toString('base64url')}`;
    const tokens: unknown[] = [undefined, null, '', 7, {}, [services.apiKey], 'nonsense', `Bearer ${services.apiKey}`];
    for (const token of [...tokens, unknown, revoked.secret, expired.secret, `${services.apiKey}\0`]) {
      await expect(socketClient(services.url, token as string)).rejects.toMatchObject({
        message: 'unauthenticated',
        data: { code: 'unauthenticated' },
      });
    }
  });

  test('another tenant’s bot is none, and a key without the scope sees nothing', async () => {
    const { http, services } = system();
    const bot = system().bot('socket-foreign');
    await bot.run('create');
    const stranger = await services.socket(tenant.key);
    const absent = await stranger.ask('subscribe', { botId: 'nobody-at-all' });
    const foreign = await stranger.ask('subscribe', { botId: bot.id, after: 0 });
    expect(foreign).toMatchObject({ ok: false, error: { code: 'bot_not_found' } });
    expect(JSON.stringify(foreign).replace(bot.id, 'nobody-at-all')).toBe(JSON.stringify(absent));

    const narrow = await services.socket((await makeKey(http, allBut('containers:read'))).secret);
    for (const message of [{ botId: bot.id }, { all: true }]) {
      const answer = await narrow.ask('subscribe', message);
      expect(answer).toMatchObject({ ok: false, error: { code: 'forbidden' } });
    }
    await bot.run('start');
    const { version } = await bot.get();
    await system().watcher.until(bot, 'the last event', (event) => event.version === version);
    expect([...stranger.received, ...narrow.received]).toEqual([]);
    stranger.close();
    narrow.close();
  });

  test('another tenant’s events never arrive, even of a bot with the same name', async () => {
    const { services } = system();
    const mine = system().bot('same-name');
    const theirs = system().bot('same-name', tenant.http);
    const watcher = await startWatching(await services.socket(tenant.key));
    const stream = await openStream(services, '/v1/events', { key: tenant.key });
    await mine.run('create', { labels: { of: 'us' }, start: true });
    await theirs.run('create', { labels: { of: 'them' } });
    expect(await watcher.client.ask('subscribe', { botId: theirs.id, after: 0 })).toMatchObject({ ok: true });
    await mine.run('stop');
    await theirs.run('start');
    const last = (await theirs.get()).version;
    await watcher.until(theirs, 'the last event', (event) => event.version === last);
    await stream.until('the last event', (messages) => messages.some(({ data }) => data.includes(`"version":${last}`)));

    const own = new Set((await theirs.events()).map(({ cursor }) => cursor));
    expect(new Set(watcher.all().map(({ cursor }) => cursor))).toEqual(own);
    for (const { name, data } of watcher.client.received) {
      expect(JSON.stringify(data)).not.toContain('"us"');
      expect(['event', 'progress']).toContain(name);
    }
    const operations = (await mine.events()).flatMap(({ data }) => (data.operation ? [data.operation.id] : []));
    const told = JSON.stringify([watcher.client.received, stream.messages]);
    for (const id of operations) expect(told).not.toContain(id);
    expect(system().watcher.of(mine.id).length).toBe((await mine.get()).version);
    watcher.client.close();
    stream.close();
  });

  test('the sockets and streams of a revoked key end within seconds, those of others go on', async () => {
    const { services } = system();
    const bot = system().bot('revoked', tenant.http);
    await bot.run('create', { start: true });
    const key = await makeKey(tenant.http, ['containers:read']);
    const socket = await services.socket(key.secret);
    const bystander = await services.socket(tenant.key);
    for (const client of [socket, bystander])
      expect(await client.ask('subscribe', { all: true })).toMatchObject({ ok: true });
    const paths = ['/v1/events', `/v1/bots/${bot.id}/events`, bot.path('/logs?follow=true')];
    const streams = await Promise.all(paths.map((path) => openStream(services, path, { key: key.secret })));
    expect(streams.map(({ status }) => status)).toEqual([200, 200, 200]);
    const closed = new Promise<string>((resolve) => socket.socket.once('disconnect', resolve));

    const revokedAt = Date.now();
    expect((await tenant.http.delete(`/v1/api-keys/${key.id}`)).status).toBe(204);
    expect(await closed).toBe('io server disconnect');
    await Promise.all(streams.map((stream) => stream.untilEnd(REVOKED_MS)));
    expect(Date.now() - revokedAt).toBeLessThan(REVOKED_MS);

    const told = socket.received.length;
    await bot.run('pause');
    await bystander.waitForEvent(({ data }) => data.type === 'operation.succeeded', 'its own events');
    expect(socket.received).toHaveLength(told);
    expect(bystander.socket.connected).toBe(true);
    for (const path of paths.slice(0, 2)) {
      const again = await openStream(services, path, { key: key.secret });
      expect(again.status).toBe(401);
    }
    bystander.close();
  });
}
