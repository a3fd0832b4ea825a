import { createDatabase } from '#persistence';
import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { System } from '../support/system.js';
import { SOON_MS, shows, type People } from './browser.js';

const row = (page: Page, botId: string) => page.locator(`[data-bot="${botId}"]`);
const rowShows = (page: Page, botId: string, status: string) =>
  row(page, botId).locator(`[data-status="${status}"]`).waitFor({ timeout: 45_000 });

/** The list of bots, and what can be done in it. */
export function bots(system: () => System, people: () => People): void {
  test('a new bot is made, started, and shown as it comes up', async () => {
    const bot = system().bot('new');
    const page = await people().person();
    await page.getByRole('button', { name: 'New bot' }).click();
    const dialog = page.getByRole('dialog', { name: 'New bot' });
    await dialog.getByLabel('Name').fill(bot.id);
    await dialog.getByLabel('Environment').fill('TZ=Europe/Berlin');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await page.waitForURL(`**/bots/${bot.id}`);
    await shows(page, 'running');
    await page.getByText('TZ', { exact: true }).waitFor();
    expect((await bot.get()).status).toBe('running');
  });

  test('a request that is refused says why, and keeps what was typed', async () => {
    const page = await people().person();
    await page.getByRole('button', { name: 'New bot' }).click();
    const dialog = page.getByRole('dialog', { name: 'New bot' });
    await dialog.getByLabel('Name').fill(system().bot('refused').id);
    await dialog.getByLabel('Environment').fill('=nameless');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await dialog.getByRole('alert').waitFor();
    await dialog.getByRole('button', { name: 'Copy request id' }).waitFor();
    expect(await dialog.getByLabel('Environment').inputValue()).toBe('=nameless');
  });

  test('quick start and stop, in the row, and what another does shows by itself', async () => {
    const bot = system().bot('quick');
    await bot.run('create', { start: false });
    const page = await people().person(`/bots?q=${bot.id}`);
    await rowShows(page, bot.id, 'stopped');
    await row(page, bot.id)
      .getByRole('button', { name: `Start ${bot.id}` })
      .click();
    await rowShows(page, bot.id, 'running');
    await bot.run('pause');
    await row(page, bot.id).locator('[data-status="paused"]').waitFor({ timeout: SOON_MS });
    await row(page, bot.id)
      .getByRole('button', { name: `Stop ${bot.id}` })
      .click();
    await rowShows(page, bot.id, 'stopped');
  });

  test('search, filter and order stand in the address', async () => {
    const [one, two] = [system().bot('found-one'), system().bot('found-two')];
    await one.run('create', { start: false });
    await two.run('create', { start: true });
    const page = await people().person();
    await page.getByLabel('Search bots').fill('found-');
    await row(page, two.id).waitFor();
    await page
      .getByRole('textbox', { name: 'Filter by status' })
      .or(page.getByRole('combobox', { name: 'Filter by status' }))
      .first()
      .click();
    await page.getByRole('option', { name: 'stopped' }).click();
    await row(page, two.id).waitFor({ state: 'detached' });
    await row(page, one.id).waitFor();
    const shared = await people().person(new URL(page.url()).pathname + new URL(page.url()).search);
    await row(shared, one.id).waitFor();
    expect(await row(shared, two.id).count()).toBe(0);
    expect(new URL(page.url()).search).toBe('?q=found-&status=stopped');
  });

  test('many are stopped and deleted at once, and it is told what became of each', async () => {
    const many = [1, 2, 3].map((n) => system().bot(`many-${n}`));
    await Promise.all(many.map((bot) => bot.run('create', { start: true })));
    // Stopped ones leave this list: what became of them is told all the same.
    const page = await people().person('/bots?q=many-&status=running');
    await row(page, many[2]?.id ?? '').waitFor();
    await page.getByLabel('Pick all that are shown').check();
    const bar = page.getByRole('region', { name: 'Picked bots' });
    await bar.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Done. 3 succeeded, 0 failed.').waitFor({ timeout: 60_000 });
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.getByLabel('Search bots').fill('many-');
    await row(page, many[2]?.id ?? '').waitFor();
    await page.getByLabel('Pick all that are shown').check();
    await bar.getByRole('button', { name: 'Delete' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete the containers of 3 bots?' });
    await dialog.getByLabel('Type “delete” to confirm').fill('delete');
    await dialog.getByRole('button', { name: 'Delete 3 containers' }).click();
    await page.getByText('Done. 3 succeeded, 0 failed.').waitFor({ timeout: 60_000 });
    for (const bot of many) expect((await bot.get()).status).toBe('absent');
  });

  test('5,000 bots are all there, and few of them in the page', async () => {
    await seed(system(), 5_000);
    const page = await people().person('/bots?q=crowd');
    await page.getByText(/^5000 of \d+ bots$/).waitFor({ timeout: 60_000 });
    const rows = page.locator('[data-bot]');
    expect(await rows.count()).toBeLessThan(80);
    await page.evaluate(`document.querySelector('.bots-body').scrollTo(0, 1e9)`);
    await row(page, 'crowd-4999').waitFor();
    expect(await rows.count()).toBeLessThan(80);
    await page.getByRole('columnheader', { name: 'Bot' }).getByRole('button').click();
    await page.evaluate(`document.querySelector('.bots-body').scrollTo(0, 0)`);
    await row(page, 'crowd-4999').waitFor();
  });
}

/** Bots that never had a container: rows, and nothing on the engine. */
async function seed({ databaseUrl }: System, n: number): Promise<void> {
  const database = createDatabase({ url: databaseUrl, poolSize: 1, applicationName: 'berth-test' });
  try {
    await database.query(
      `INSERT INTO bot (key, tenant_id, bot_id, version)
       SELECT gen_random_uuid(), (SELECT id FROM tenant WHERE name = 'default'), 'crowd-' || lpad(i::text, 4, '0'), 1
       FROM generate_series(0, $1::int - 1) i RETURNING key`,
      [n],
    );
  } finally {
    await database.close();
  }
}
