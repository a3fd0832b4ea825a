import { waitFor } from '#testing';
import { expect, test } from '@jest/globals';
import { execIn } from '../support/engine.js';
import { idOf, type System } from '../support/system.js';
import { SOON_MS, shows, statusOf, type People } from './browser.js';

/** Whatever happens anywhere shows by itself, and nothing is missed. */
export function live(system: () => System, people: () => People): void {
  test('two people see what each of them does', async () => {
    const bot = system().bot('shared');
    await bot.run('create', { start: false });
    const [one, two] = [await people().person(`/bots/${bot.id}`), await people().person(`/bots/${bot.id}`)];
    await shows(one, 'stopped');
    await shows(two, 'stopped');
    await one.getByRole('button', { name: 'Start' }).click();
    await shows(two, 'running');
    await two.getByRole('button', { name: 'Stop' }).click();
    await shows(one, 'stopped');
  });

  test('what waits is shown behind what runs, and who asked for it', async () => {
    const bot = system().bot('queue');
    await bot.run('create', {
      start: true,
      command: [
        'sh',
        '-c',
        'trap "until [ -e /data/seen ]; do sleep 0.1; done; exit" TERM; while :; do sleep 0.1; done',
      ],
    });
    const page = await people().person(`/bots/${bot.id}`);
    await shows(page, 'running');
    await bot.send('stop', { timeoutSeconds: 60 });
    await bot.send('start');
    await bot.send('pause');
    const running = page.getByRole('status', { name: 'Operation under way' });
    await running.getByText('stop').waitFor({ timeout: SOON_MS });
    const waiting = page.getByRole('list').filter({ hasText: 'pause' });
    await waitFor(
      async () =>
        /^start.*operator,pause.*operator$/.test((await waiting.getByRole('listitem').allTextContents()).join()),
      { what: 'both that wait, in their order' },
    );
    await execIn(system().docker, idOf(await bot.get()), 'touch /data/seen');
    await shows(page, 'paused');
    await waiting.waitFor({ state: 'detached' });
  });

  test('a container that is killed behind Berth’s back is shown as it is, with its exit', async () => {
    const bot = system().bot('killed');
    await bot.run('create', { start: true });
    const page = await people().person(`/bots/${bot.id}`);
    await shows(page, 'running');
    await bot.container(idOf(await bot.get())).kill();
    await statusOf(page, 'stopped').waitFor({ timeout: SOON_MS });
    await page.getByText(/code 137/).waitFor();
    await bot.run('start');
    await statusOf(page, 'running').waitFor({ timeout: SOON_MS });
    await bot.container(idOf(await bot.get())).stop();
    await statusOf(page, 'stopped').waitFor({ timeout: SOON_MS });
    await page.getByText(/code 143/).waitFor();
    // An end is told where it happened, and not with what came after it.
    await page.getByRole('tab', { name: 'Activity' }).click();
    const told = page.getByRole('tabpanel');
    await told.getByText(/code 137/).waitFor();
    expect(await told.getByText(/ended with code/).count()).toBe(2);
  });

  test('the API goes away and comes back: it is said, and what happened meanwhile is there without a reload', async () => {
    const bot = system().bot('outage');
    await bot.run('create', { start: true });
    const page = await people().person(`/bots/${bot.id}`);
    await shows(page, 'running');
    await page.evaluate('globalThis.same = true');
    const { services } = system();
    const engineId = idOf(await bot.get());
    await services.api.stop();
    await page.getByText('Not connected').waitFor();
    // The worker goes on: what it sees is waiting when the API is back.
    await bot.container(engineId).kill();
    services.api.start();
    await services.ready();
    await statusOf(page, 'stopped').waitFor({ timeout: 30_000 });
    await page.getByText('Not connected').waitFor({ state: 'detached' });
    expect(await page.evaluate('globalThis.same')).toBe(true);
  });
}
