import { waitFor } from '#testing';
import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { System } from '../support/system.js';
import { Inside } from '../workspace/inside.js';
import { shows, type People } from './browser.js';

/** What the screen of a terminal shows. */
const screenOf = (page: Page): Promise<string> => page.locator('.screen .xterm-rows').innerText();

/** Types as a person does, once the shell has said that it listens. */
async function type(page: Page, line: string): Promise<void> {
  await page.locator('.screen textarea').focus();
  await page.keyboard.type(line);
  await page.keyboard.press('Enter');
}

/** A shell in the browser. */
export function terminal(system: () => System, people: () => People): void {
  test('a shell that is typed into, resized, one of several, and closed', async () => {
    const bot = system().bot('term');
    await bot.run('create', { start: true });
    const inside = new Inside(bot);
    const page = await people().person(`/bots/${bot.id}/terminal`);
    await waitFor(async () => /[$#] /.test(await screenOf(page)), { what: 'a prompt', deadlineMs: 30_000 });
    await type(page, 'echo "$((40 + 2))-ä" > /data/typed; stty size > /data/size');
    await waitFor(() => inside.output('cat /data/typed').then((text) => text === '42-ä\n'), { what: 'what was typed' });
    const size = (): Promise<string> => inside.output('cat /data/size');
    const before = await size();
    await page.setViewportSize({ width: 800, height: 700 });
    await waitFor(
      async () => {
        await type(page, 'stty size > /data/size');
        return (await size()) !== before;
      },
      { what: 'another size', everyMs: 300 },
    );
    await page.getByRole('button', { name: 'New terminal' }).click();
    await page.getByRole('tab', { name: 'Terminal 2' }).waitFor();
    await waitFor(async () => /[$#] /.test(await screenOf(page)), { what: 'a second prompt', deadlineMs: 30_000 });
    await type(page, 'exit 3');
    await page.getByText(/\b3\b/).first().waitFor();
    await page.getByRole('button', { name: 'Close Terminal 2' }).click();
    await page.getByRole('tab', { name: 'Terminal 2' }).waitFor({ state: 'detached' });
    // The first one has kept what it shows.
    expect(await screenOf(page)).toContain('stty size');
  });

  test('of a container that does not run leads to its start', async () => {
    const bot = system().bot('term-stopped');
    await bot.run('create', { start: false });
    const page = await people().person(`/bots/${bot.id}/terminal`);
    await page.getByRole('tabpanel').getByRole('button', { name: 'Start' }).click();
    await shows(page, 'running');
    await waitFor(async () => /[$#] /.test(await screenOf(page)), { what: 'a prompt', deadlineMs: 30_000 });
  });
}
