import { operationSchema } from '#contracts';
import { expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { operationOf } from '../support/bot.js';
import { exactly, expectProblem } from '../support/exact.js';
import type { System } from '../support/system.js';

/** Waiting, versions and idempotency: what a careful client does with its headers. */
export function requests(system: () => System): void {
  test('Prefer: wait answers with the ended operation, or as usual when the time is up', async () => {
    const bot = system().bot('wait');
    const made = await bot.askCreate({ start: true }, { prefer: 'respond-async, wait=30' });
    expect(made.status).toBe(200);
    expect(made.headers.get('preference-applied')).toBe('wait');
    expect(operationOf(made)).toMatchObject({ status: 'succeeded', finishedAt: expect.any(String) });

    const slow = system().bot('slow');
    const script = `trap 'sleep 2.5; exit 0' TERM; while :; do sleep 0.1; done`;
    await slow.run('create', { start: true, command: ['/bin/sh', '-c', script] });
    const stop = await slow.ask('stop', { body: { timeoutSeconds: 30 }, headers: { prefer: 'wait=1' } });
    expect(stop.status).toBe(202);
    expect(stop.headers.get('preference-applied')).toBeNull();
    const { id } = operationOf(stop);
    const waited = await system().http.get(`/v1/operations/${id}?wait=30`);
    expect(exactly(operationSchema, waited.body)).toMatchObject({ id, status: 'succeeded' });

    for (const prefer of ['wait=0', 'wait=soon', 'return=minimal']) {
      expect((await bot.askCreate({}, { prefer })).headers.get('preference-applied')).toBeNull();
    }
  });

  test('If-Match takes the version that was read, and refuses any other', async () => {
    const { http } = system();
    const bot = system().bot('etag');
    await bot.run('create');
    const read = await http.get(bot.path());
    const etag = read.headers.get('etag') ?? '';
    expect(etag).toBe(`"${(await bot.get()).version}"`);

    const start = await bot.ask('start', { headers: { 'if-match': etag, prefer: 'wait=30' } });
    expect(operationOf(start).status).toBe('succeeded');
    for (const verb of ['stop', 'restart', 'pause', 'delete'] as const) {
      expectProblem(await bot.ask(verb, { headers: { 'if-match': etag } }), 412, 'version_mismatch');
    }
    expectProblem(await bot.askCreate({}, { 'if-match': etag }), 412, 'version_mismatch');
    expectProblem(await bot.ask('pause', { headers: { 'if-match': 'seven' } }), 400, 'validation_failed');
    const any = await bot.ask('pause', { headers: { 'if-match': '*', prefer: 'wait=30' } });
    expect(operationOf(any).status).toBe('succeeded');

    const { version } = await bot.get();
    const racing = await Promise.all(
      Array.from({ length: 6 }, () => bot.ask('restart', { headers: { 'if-match': `"${version}"` } })),
    );
    expect(racing.map(({ status }) => status).sort()).toEqual([202, 412, 412, 412, 412, 412]);
  });

  test('an Idempotency-Key answers the same request the same, and refuses another', async () => {
    const bot = system().bot('replay');
    const headers = { 'idempotency-key': `e2e ${randomUUID()}` };
    const body = { start: true, env: { A: '1', B: '2' } };
    const first = await bot.askCreate(body, headers);
    expect(first.status).toBe(202);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    await system().watcher.status(bot, 'running');

    // Members in another order are the same request.
    const second = await bot.askCreate({ env: { B: '2', A: '1' }, start: true }, headers);
    expect(second).toMatchObject({ status: 202, body: first.body });
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
    expect((await bot.events()).filter(({ type }) => type === 'operation.queued')).toHaveLength(1);

    for (const other of [{ ...body, env: { A: '1', B: '3' } }, { start: false }]) {
      expectProblem(await bot.askCreate(other, headers), 422, 'idempotency_key_reused');
    }
    expectProblem(await bot.ask('stop', { headers }), 422, 'idempotency_key_reused');
    expectProblem(await system().bot('replay-2').askCreate(body, headers), 422, 'idempotency_key_reused');
    // What it was to be judged against is part of the request.
    const { version } = await bot.get();
    const judged = { 'idempotency-key': `e2e ${randomUUID()}`, 'if-match': `"${version}"` };
    const stop = await bot.ask('stop', { headers: judged });
    expect(stop.status).toBe(202);
    expect(await bot.ask('stop', { headers: judged })).toMatchObject({ status: 202, body: stop.body });
    for (const more of [{ 'if-match': `"${version + 1}"` }, { 'if-match': '*' }]) {
      expectProblem(await bot.ask('stop', { headers: { ...judged, ...more } }), 422, 'idempotency_key_reused');
    }
    const { 'if-match': _, ...unjudged } = judged;
    expectProblem(await bot.ask('stop', { headers: unjudged }), 422, 'idempotency_key_reused');
    for (const key of ['', 'x'.repeat(256), 'ümlaut']) {
      const sent = { 'idempotency-key': Buffer.from(key).toString('latin1') };
      expectProblem(await bot.ask('stop', { headers: sent }), 400, 'validation_failed');
    }
  });

  test('a no-op and a refusal under a key: the first is kept, the second frees it', async () => {
    const bot = system().bot('replay-noop');
    await bot.run('create', { start: true });
    const key = { 'idempotency-key': randomUUID() };
    const noop = await bot.ask('start', { headers: key });
    await bot.run('stop');
    expect(await bot.ask('start', { headers: key })).toMatchObject({ status: 200, body: noop.body });
    expect((await bot.get()).status).toBe('stopped');

    const freed = { 'idempotency-key': randomUUID() };
    expectProblem(await bot.ask('pause', { headers: freed }), 409, 'invalid_transition');
    await bot.run('start');
    expect((await bot.ask('pause', { headers: { ...freed, prefer: 'wait=30' } })).status).toBe(200);
    expect((await bot.get()).status).toBe('paused');
  });

  test('one key from many clients at once makes one operation', async () => {
    const bot = system().bot('replay-race');
    await bot.run('create', { start: true });
    const headers = { 'idempotency-key': randomUUID() };
    const answers = await Promise.all(Array.from({ length: 12 }, () => bot.ask('restart', { headers })));
    const accepted = answers.filter(({ status }) => status === 202);
    for (const answer of answers.filter(({ status }) => status !== 202)) {
      expectProblem(answer, 409, 'idempotency_in_progress');
    }
    expect(new Set(accepted.map((answer) => operationOf(answer).id)).size).toBe(1);
    expect(accepted.filter(({ headers: h }) => h.get('idempotent-replayed') === null)).toHaveLength(1);
    const [{ id } = { id: '' }] = accepted.map(operationOf);
    await system().http.get(`/v1/operations/${id}?wait=30`);
    const restarts = (await bot.events()).filter(
      ({ type, data }) => type === 'operation.queued' && data.operation?.kind === 'container.restart',
    );
    expect(restarts).toHaveLength(1);
  });

  test('X-Request-Id is taken where it is fit, made where it is not, and returned', async () => {
    const { http } = system();
    const given = await http.get('/v1/bots', { 'x-request-id': 'my-id:1' });
    expect(given.headers.get('x-request-id')).toBe('my-id:1');
    for (const unfit of ['two words', 'x'.repeat(129), '"quoted"']) {
      const made = await http.get('/v1/bots', { 'x-request-id': unfit });
      expect(made.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
}
