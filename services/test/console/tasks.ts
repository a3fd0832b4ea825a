import { waitFor } from '#testing';
import { expect, test } from '@jest/globals';
import type { System } from '../support/system.js';
import type { People } from './browser.js';

/** Commands in the background, and what has happened. */
export function tasks(system: () => System, people: () => People): void {
  test('a task is started, its output followed, and ended; it is all in the activity', async () => {
    const bot = system().bot('tasks');
    await bot.run('create', { start: true });
    const page = await people().person(`/bots/${bot.id}/tasks`);
    await page.getByRole('button', { name: 'Start a task' }).click();
    const dialog = page.getByRole('dialog', { name: `New task of ${bot.id}` });
    await dialog.getByLabel('Command').fill('i=0; while true; do i=$((i+1)); echo "line $i"; sleep 0.2; done');
    await dialog.getByLabel('Name').fill('counter');
    await dialog.getByRole('button', { name: 'Start' }).click();
    const log = page.getByRole('log', { name: 'Output of the task' });
    await log.getByText('line 5').waitFor();
    await page.getByRole('tab', { name: 'Tasks (1)' }).waitFor({ state: 'attached' });
    await page.getByRole('dialog').getByRole('button', { name: 'Stop counter' }).click();
    await page.getByRole('menuitem').first().click();
    await page.getByRole('dialog').locator('[data-status="killed"], [data-status="exited"]').first().waitFor();
    const { body } = await system().http.get(`/v1/bots/${bot.id}/tasks`);
    expect(body).toMatchObject({ items: [{ name: 'counter', status: expect.stringMatching(/killed|exited/) }] });
    await page.goto(page.url().replace(/\/tasks.*/, '/activity'));
    await page
      .getByText(/counter/)
      .first()
      .waitFor();
    await page.getByText('operator').first().waitFor();
  });

  test('operations of all bots, live; one that hangs is cancelled', async () => {
    const bot = system().bot('ops');
    const page = await people().person(`/operations?botId=${bot.id}`);
    await page.getByRole('heading', { name: 'Operations' }).waitFor();
    await bot.run('create', { start: true });
    await page.getByRole('link', { name: bot.id }).first().waitFor();
    // A process that ignores its signal: the stop takes its whole time.
    const stubborn = system().bot('ops-stubborn');
    await stubborn.run('create', { start: true, command: ['sh', '-c', 'trap "" TERM; while :; do sleep 1; done'] });
    const all = await people().person(`/operations?botId=${stubborn.id}&status=running`);
    await stubborn.send('stop', { timeoutSeconds: 120 });
    const cancel = all.getByRole('button', { name: /^Cancel/ }).first();
    await cancel.waitFor();
    await cancel.click();
    await waitFor(
      async () => {
        const { body } = await system().http.get(`/v1/operations?botId=${stubborn.id}&kind=container.stop`);
        return (body as { items: { status: string }[] }).items[0]?.status === 'cancelled';
      },
      { what: 'the cancelled stop', deadlineMs: 30_000 },
    );
    await cancel.waitFor({ state: 'detached' });
  });

  test('nodes and keys: what there is, a key that is made, shown once and revoked', async () => {
    const { services } = system();
    const page = await people().person('/nodes');
    const node = page.getByRole('region', { name: `Node ${services.nodeId}` });
    await node.getByText('ready').first().waitFor();
    await page.getByRole('link', { name: 'Keys', exact: true }).click();
    await page.getByRole('button', { name: 'New key' }).click();
    const dialog = page.getByRole('dialog', { name: 'New API key' });
    await dialog.getByLabel('Name').fill('of a test');
    await dialog.getByLabel('containers:read').check();
    await dialog.getByRole('button', { name: 'Make key' }).click();
    const secret = await page.getByLabel('Secret').inputValue();
    expect((await services.http(secret).get('/v1/bots')).status).toBe(200);
    await page.getByRole('button', { name: 'I have kept it' }).click();
    expect(await page.content()).not.toContain(secret);
    await page.getByRole('button', { name: 'Revoke of a test' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('button', { name: 'Revoke of a test' }).waitFor({ state: 'detached' });
    expect((await services.http(secret).get('/v1/bots')).status).toBe(401);
  });
}
