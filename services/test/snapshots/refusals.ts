import { expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { operationOf } from '../support/bot.js';
import { expectProblem } from '../support/exact.js';
import type { System } from '../support/system.js';
import { makeTenant, withDatabase } from '../support/tenants.js';

export function refusals(system: () => System): void {
  test.each([
    ['no name', {}],
    ['an empty name', { name: '' }],
    ['a name of blanks', { name: ' \t ' }],
    ['a name of 129 characters', { name: 'x'.repeat(129) }],
    ['a name with a newline', { name: 'a\nb' }],
    ['a name with a NUL', { name: 'a\u0000b' }],
    ['a name that is no text', { name: 7 }],
    ['a name of which nothing is to be seen', { name: '\u200b\u202e' }],
    ['another scope', { name: 'x', scope: 'data' }],
    ['an unknown member', { name: 'x', parentId: randomUUID() }],
  ])('%s is refused', async (_, body) => {
    const bot = system().bot('names');
    expectProblem(await bot.askSnapshot('POST', '', body), 400, 'validation_failed');
  });

  test('a name that is taken is refused, also when both come at the same moment', async () => {
    const bot = system().bot('taken');
    await bot.run('create');
    const name = 'x'.repeat(128);
    const answers = await Promise.all([1, 2, 3].map(() => bot.askSnapshot('POST', '', { name })));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409]);
    for (const answer of answers) if (answer.status === 409) expectProblem(answer, 409, 'name_taken');
    const making = answers.filter(({ status }) => status === 202).map(operationOf);
    for (const { id } of making) {
      expect((await bot.http.get(`/v1/operations/${id}?wait=45`)).body).toMatchObject({ status: 'succeeded' });
    }
    expectProblem(await bot.askSnapshot('POST', '', { name: ` ${name} ` }), 409, 'name_taken');
    // Free again once the one that has it is gone.
    const [made] = await bot.snapshots();
    const accepted = answers.find(({ status }) => status === 202);
    if (accepted) await bot.http.get(`/v1/operations/${operationOf(accepted).id}?wait=30`);
    await bot.forget(made?.id ?? '');
    await bot.snapshot(name);
    // And another bot's own.
    const other = system().bot('taken-too');
    await other.run('create');
    await other.snapshot(name);
  });

  test('a bot or container that is not there has nothing to take or bring back', async () => {
    const nobody = system().bot('nobody');
    expectProblem(await nobody.askSnapshot('POST', '', { name: 'x' }), 404, 'bot_not_found');
    expectProblem(await nobody.http.get(`/v1/bots/${nobody.id}/snapshots`), 404, 'bot_not_found');
    const bot = system().bot('gone');
    await bot.run('create');
    const { id } = await bot.snapshot('last');
    await bot.run('delete');
    for (const answer of [
      await bot.askSnapshot('POST', '', { name: 'x' }),
      await bot.askSnapshot('POST', `/${id}/restore`, {}),
    ]) {
      expect(expectProblem(answer, 409, 'invalid_transition')).toMatchObject({ allowed: ['create', 'delete'] });
    }
  });

  test('a snapshot that is not this bot’s is not found', async () => {
    const { http } = await makeTenant(system());
    const [bot, sibling] = [system().bot('own'), system().bot('sibling')];
    const stranger = system().bot('own', http);
    for (const each of [bot, sibling, stranger]) await each.run('create');
    const { id } = await bot.snapshot('mine');
    for (const other of [sibling, stranger]) {
      for (const wrong of [id, id.toUpperCase(), randomUUID(), 'nonsense', "'; --"]) {
        const path = `/${encodeURIComponent(wrong)}`;
        expectProblem(await other.askSnapshot('POST', `${path}/restore`, {}), 404, 'snapshot_not_found');
        expectProblem(await other.askSnapshot('DELETE', path), 404, 'snapshot_not_found');
        expectProblem(await other.http.get(`/v1/bots/${other.id}/snapshots${path}`), 404, 'snapshot_not_found');
      }
    }
    const thief = system().bot('thief', http);
    expectProblem(await thief.askCreate({ fromSnapshot: id }), 404, 'snapshot_not_found');
    expectProblem(
      await system().bot('fork-of-none').askCreate({ fromSnapshot: randomUUID() }),
      404,
      'snapshot_not_found',
    );
    expect(await bot.snapshots()).toHaveLength(1);
  });

  test('a scope that the snapshot does not hold cannot be brought back', async () => {
    const bot = system().bot('holds');
    await bot.run('create');
    const { id } = await bot.snapshot('root', { scope: 'container' });
    for (const scope of ['all', 'data']) {
      expectProblem(await bot.askSnapshot('POST', `/${id}/restore`, { scope }), 400, 'validation_failed');
    }
    expectProblem(await bot.askSnapshot('POST', `/${id}/restore`, { scope: 'everything' }), 400, 'validation_failed');
    expect(await bot.restore(id, { safetySnapshot: false })).toBeNull();
  });

  test('one that is being made, has failed or is used by what waits is left alone', async () => {
    const bot = system().bot('busy');
    await bot.run('create', { start: true });
    const { id } = await bot.snapshot('used');
    // Whatever waits behind a stop that takes its time.
    const command = ['sh', '-c', 'trap "" TERM; while true; do sleep 1; done'];
    await bot.run('delete');
    await bot.run('create', { start: true, command });
    await bot.send('stop', { timeoutSeconds: 3 });
    const making = operationOf(await bot.askSnapshot('POST', '', { name: 'made' }));
    const restoring = operationOf(await bot.askSnapshot('POST', `/${id}/restore`, { safetySnapshot: false }));
    const made = String(making.params['snapshotId']);
    expectProblem(await bot.askSnapshot('DELETE', `/${id}`), 409, 'snapshot_busy');
    expectProblem(await bot.askSnapshot('DELETE', `/${made}`), 409, 'snapshot_busy');
    expectProblem(await bot.askSnapshot('POST', `/${made}/restore`, {}), 409, 'snapshot_busy');
    expect((await bot.http.post(`/v1/operations/${making.id}/cancel`)).body).toMatchObject({ status: 'cancelled' });
    expect(await bot.snapshotOf(made)).toMatchObject({ status: 'failed', error: { code: 'cancelled' } });
    const refused = await bot.askSnapshot('POST', `/${made}/restore`, {});
    expect(expectProblem(refused, 409, 'invalid_transition').allowed).toEqual(['delete']);
    expect((await bot.http.get(`/v1/operations/${restoring.id}?wait=30`)).body).toMatchObject({ status: 'succeeded' });
    // A failed one has given its name away, and can be deleted all the same.
    const again = await bot.snapshot('made');
    for (const each of [made, id, again.id]) await bot.forget(each);
    expectProblem(await bot.askSnapshot('POST', `/${id}/restore`, {}), 404, 'snapshot_not_found');
  });

  test('more than the tenant’s share is refused', async () => {
    const tenant = await makeTenant(system());
    await withDatabase(system(), (database) =>
      database.query('UPDATE tenant SET max_snapshots_per_bot = 2 WHERE id = $1::uuid RETURNING id', [tenant.id]),
    );
    const bot = system().bot('quota', tenant.http);
    await bot.run('create');
    const first = await bot.snapshot('1');
    await bot.snapshot('2');
    expectProblem(await bot.askSnapshot('POST', '', { name: '3' }), 429, 'quota_exceeded');
    // Those that are taken for safety do not count.
    await bot.restore(first.id);
    await bot.forget(first.id);
    await bot.snapshot('3');
  });

  test('Idempotency-Key and If-Match hold here too', async () => {
    const bot = system().bot('keyed');
    await bot.run('create');
    const headers = { 'idempotency-key': randomUUID() };
    const first = await bot.askSnapshot('POST', '', { name: 'once' }, headers);
    const again = await bot.askSnapshot('POST', '', { name: 'once' }, headers);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(operationOf(again).id).toBe(operationOf(first).id);
    expectProblem(await bot.askSnapshot('POST', '', { name: 'x' }, { 'if-match': '"1"' }), 412, 'version_mismatch');
    // A worker that is stopped in the middle of one leaves its helper to its next start, which never comes here.
    await bot.run('delete');
  });
}
