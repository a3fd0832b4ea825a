import { waitFor } from '#testing';
import { expect, test } from '@jest/globals';
import type { System } from '../support/system.js';
import { SOON_MS, shows, type People } from './browser.js';

/** One bot's container: what is shown of it, and what can be done with it. */
export function container(system: () => System, people: () => People): void {
  test('its whole life, each step offered only when it is possible', async () => {
    const bot = system().bot('life');
    await bot.run('create', { start: false });
    const page = await people().person(`/bots/${bot.id}`);
    const button = (name: string) => page.getByRole('button', { name, exact: true });
    const more = async (name: string): Promise<void> => {
      await button('More').click();
      await page.getByRole('menuitem', { name, exact: true }).click();
    };
    await shows(page, 'stopped');
    expect(await button('Stop').count()).toBe(0);
    await button('Start').click();
    await shows(page, 'running');
    expect(await button('Start').count()).toBe(0);
    await more('Pause');
    await shows(page, 'paused');
    await button('Resume').click();
    await shows(page, 'running');
    const before = (await bot.get()).startedAt;
    await more('Restart');
    await waitFor(async () => (await bot.get()).startedAt !== before, { what: 'a new start', deadlineMs: 45_000 });
    await shows(page, 'running');
    await button('Stop').click();
    await shows(page, 'stopped');
    await more('Delete');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Delete what is in its volumes too, for good').check();
    const confirm = dialog.getByRole('button', { name: 'Delete container and data' });
    expect(await confirm.isDisabled()).toBe(true);
    await dialog.getByLabel(`Type “${bot.id}” to confirm`).fill(bot.id);
    await confirm.click();
    await shows(page, 'absent');
    await button('Create').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Create', exact: true }).click();
    await shows(page, 'running');
  });

  test('what there is to know of it', async () => {
    const bot = system().bot('facts');
    await bot.run('create', { start: true, labels: { team: 'blue' }, env: { TOKEN: 'secret-value' }, network: 'none' });
    const known = await bot.get();
    const page = await people().person(`/bots/${bot.id}`);
    const text = page.getByRole('tabpanel');
    await page.getByText(known.containerId?.slice(0, 12) ?? '-').waitFor();
    await page.getByText('team=blue').waitFor();
    const shown = (await text.textContent()) ?? '';
    expect(shown).toContain(known.image?.ref);
    expect(shown).toContain(known.paths[0]?.host);
    expect(shown).toContain('/data');
    expect(shown).toContain('TOKEN');
    expect(await page.content()).not.toContain('secret-value');
    await page.getByRole('img', { name: /^CPU now/ }).waitFor();
    await page.getByRole('img', { name: /^Memory now/ }).waitFor();
  });

  test('its limits and labels are changed, live', async () => {
    const bot = system().bot('edited');
    await bot.run('create', { start: true });
    const page = await people().person(`/bots/${bot.id}`);
    await page.getByRole('button', { name: 'Edit' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Memory, MiB').fill('96');
    await dialog.getByLabel('Labels').fill('team=green');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved, and applied.').waitFor();
    await page.getByText('96 MiB', { exact: true }).waitFor({ timeout: SOON_MS });
    await page.getByText('team=green').waitFor();
    expect((await bot.inspect()).HostConfig.Memory).toBe(96 * 1024 * 1024);
  });

  test('a name as long as names may be fits a phone', async () => {
    const page = await people().person(`/bots/${'z'.repeat(64)}`, undefined, { viewport: { width: 360, height: 800 } });
    await page.getByText('There is no such bot').waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  });

  test('a bot that nobody knows is no dead end', async () => {
    const page = await people().person('/bots/nobody-at-all');
    await page.getByText('There is no such bot').waitFor();
    await page.getByRole('button', { name: 'Create its container' }).waitFor();
    await page.getByRole('link', { name: 'Bots', exact: true }).first().click();
    await page.getByRole('heading', { name: 'Bots', exact: true }).waitFor();
  });

  test('a failure is told with what to do', async () => {
    const bot = system().bot('broken');
    await bot.finish('create', { image: 'berth-no-such-image:1', start: true });
    const page = await people().person(`/bots/${bot.id}`);
    await page.getByText(/The last operation failed/).waitFor();
  });
}
