import { expect, test } from '@jest/globals';
import type { System } from '../support/system.js';
import { Inside } from '../workspace/inside.js';
import type { People } from './browser.js';

/** A bot that is brought back, and forth again. */
export function snapshots(system: () => System, people: () => People): void {
  test('taken, restored, undone, forked and deleted', async () => {
    const bot = system().bot('snap');
    const fork = system().bot('snap-fork');
    await bot.run('create', { start: true });
    const inside = new Inside(bot);
    await inside.output('echo first > /data/state');
    const page = await people().person(`/bots/${bot.id}/snapshots`);
    await page.getByText('No snapshots yet').waitFor();
    await page.getByRole('button', { name: 'Take a snapshot' }).click();
    const taking = page.getByRole('dialog');
    await taking.getByLabel('Name').fill('known good');
    await taking.getByLabel('Description').fill('before the experiment');
    await taking.getByRole('button', { name: 'Take snapshot' }).click();
    const item = page.getByRole('treeitem', { name: 'known good' }).first();
    await item.getByText('before the experiment').waitFor();
    await item.getByText('current', { exact: true }).waitFor({ timeout: 45_000 });

    await inside.output('echo second > /data/state');
    await page.getByRole('button', { name: 'Restore “known good”' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Restore', exact: true }).click();
    const undo = page.getByRole('button', { name: 'Undo' });
    await undo.waitFor({ timeout: 60_000 });
    expect(await inside.output('cat /data/state')).toBe('first\n');
    await undo.click();
    // The notice of what was undone, which can be undone in its turn.
    await page.getByText(/^Restored “Before restore of known good/).waitFor({ timeout: 60_000 });
    expect(await inside.output('cat /data/state')).toBe('second\n');

    await page.getByRole('button', { name: 'Fork “known good”' }).click();
    const forking = page.getByRole('dialog', { name: 'New bot from “known good”' });
    await forking.getByLabel('Name').fill(fork.id);
    await forking.getByRole('button', { name: 'Create' }).click();
    await page.waitForURL(`**/bots/${fork.id}`);
    await page.locator('.status[data-status="running"]').first().waitFor({ timeout: 60_000 });
    expect(await new Inside(fork).output('cat /data/state')).toBe('first\n');

    await page.goBack();
    await page.getByRole('button', { name: 'Delete “known good”' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete snapshot' }).click();
    await page.getByRole('treeitem', { name: /^known good/ }).waitFor({ state: 'detached', timeout: 45_000 });
  });
}
