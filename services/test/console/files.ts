import { expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { waitFor } from '#testing';
import type { System } from '../support/system.js';
import { Inside } from '../workspace/inside.js';
import type { People } from './browser.js';

/** Files of a bot, in the browser. */
export function files(system: () => System, people: () => People): void {
  test('browsed, written, renamed, uploaded, downloaded and deleted', async () => {
    const bot = system().bot('files');
    await bot.run('create', { start: true });
    const inside = new Inside(bot);
    await inside.output("mkdir -p '/data/a b/ünï'; echo hello > '/data/a b/ünï/note.txt'");
    const page = await people().person(`/bots/${bot.id}/files`);
    await page.getByRole('link', { name: 'a b' }).click();
    await page.getByRole('link', { name: 'ünï' }).click();
    await page.getByRole('link', { name: 'note.txt' }).click();
    const editor = page.getByLabel('Text of note.txt');
    expect(await editor.inputValue()).toBe('hello\n');
    await editor.fill('changed\n');
    await page.getByRole('button', { name: 'Save' }).click();
    const note = (): Promise<string> => inside.output("cat '/data/a b/ünï/note.txt'");
    await waitFor(async () => (await note()) === 'changed\n', { what: 'the saved text' });
    await editor.fill('not this');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Discard changes' }).click();
    await editor.waitFor({ state: 'detached' });
    expect(await note()).toBe('changed\n');

    const address = page.url();
    await page.goto(address);
    await page.getByRole('link', { name: 'note.txt' }).waitFor();
    await page.getByRole('button', { name: 'Actions for note.txt' }).click();
    await page.getByRole('menuitem', { name: 'Rename or move' }).click();
    await page.getByLabel('New path').fill('/data/moved.txt');
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /Move|Rename/ })
      .click();
    await page.getByRole('link', { name: 'note.txt' }).waitFor({ state: 'detached' });
    expect(await inside.output('cat /data/moved.txt')).toBe('changed\n');

    await page.getByRole('navigation', { name: 'Path' }).getByRole('link', { name: 'data', exact: true }).click();
    await page.getByRole('link', { name: 'moved.txt' }).waitFor();
    const content = randomBytes(3_000_000);
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles([
        { name: 'large.bin', mimeType: 'application/octet-stream', buffer: content },
        { name: 'it’s "quoted".txt', mimeType: 'text/plain', buffer: Buffer.from('q') },
      ]);
    await page
      .getByRole('link', { name: 'it’s "quoted".txt' })
      .or(page.getByText('it’s "quoted".txt').first())
      .first()
      .waitFor();
    await waitFor(async () => (await inside.output('wc -c < /data/large.bin')).trim() === '3000000', {
      what: 'the upload',
    });

    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Actions for large.bin' }).click();
    await page.getByRole('menuitem', { name: 'Download', exact: true }).click();
    const downloaded = await (await downloading).path();
    expect((await readFile(downloaded)).equals(content)).toBe(true);

    await page.getByRole('button', { name: 'Actions for a b' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByLabel('Delete all that is in it too').check();
    await page.getByRole('button', { name: 'Delete folder and content' }).click();
    await page.getByRole('link', { name: 'a b' }).waitFor({ state: 'detached' });
    expect(await inside.output('ls /data')).not.toContain('a b');
  });
}
