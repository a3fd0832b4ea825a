import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@jest/globals';
import type { System } from '../support/system.js';
import { Inside } from '../workspace/inside.js';
import { screen, type People } from './browser.js';

interface View {
  name: string;
  width: number;
  height: number;
  /** Whether there is a picture of it to look at. */
  isShot: boolean;
  /** Of each scheme and of each size one: what is dark on a desk is dark on a phone. */
  isHeard: boolean;
}

/** A page is opened once in each scheme. */
const VIEWS: Record<'light' | 'dark', View[]> = {
  dark: [
    { name: 'dark-desktop', width: 1280, height: 800, isShot: true, isHeard: true },
    { name: 'dark-phone', width: 390, height: 844, isShot: true, isHeard: false },
  ],
  light: [
    { name: 'light-desktop', width: 1280, height: 800, isShot: true, isHeard: false },
    { name: 'light-phone', width: 390, height: 844, isShot: true, isHeard: true },
    { name: 'small', width: 360, height: 900, isShot: false, isHeard: false },
    { name: 'wide', width: 2560, height: 900, isShot: false, isHeard: false },
  ],
};
const CASES = (['dark', 'light'] as const).map((scheme) => ({ scheme, views: VIEWS[scheme] }));

/** Each page of the console, and what shows that it is there. */
const PAGES: { name: string; path: (botId: string) => string; shown: string }[] = [
  { name: 'bots', path: () => '/bots', shown: 'role=table[name="Bots"]' },
  { name: 'container', path: (bot) => `/bots/${bot}`, shown: 'role=img[name=/^CPU now/]' },
  { name: 'snapshots', path: (bot) => `/bots/${bot}/snapshots`, shown: '[data-snapshot] >> nth=3' },
  { name: 'terminal', path: (bot) => `/bots/${bot}/terminal`, shown: '.xterm-rows >> text=/data #' },
  { name: 'files', path: (bot) => `/bots/${bot}/files`, shown: 'text=notes.md' },
  {
    name: 'file',
    path: (bot) => `/bots/${bot}/files?path=/data&open=notes.md`,
    shown: 'role=textbox[name="Text of notes.md"]',
  },
  { name: 'tasks', path: (bot) => `/bots/${bot}/tasks`, shown: 'text=web server' },
  { name: 'activity', path: (bot) => `/bots/${bot}/activity`, shown: 'role=tabpanel >> text=/another way|snapshot/i' },
  { name: 'operations', path: () => '/operations', shown: 'text=operator' },
  { name: 'nodes', path: () => '/nodes', shown: 'text=ready' },
  { name: 'keys', path: () => '/keys', shown: 'text=deploy service' },
  { name: 'nowhere', path: () => '/bots/nobody', shown: 'text=There is no such bot' },
];

/** Every page, seen: no serious fault of accessibility, nothing wider than the screen, and a picture to look at. */
export function screens(system: () => System, people: () => People): void {
  let botId = '';

  test('there is something to see', async () => {
    const bot = system().bot('alice');
    botId = bot.id;
    await bot.run('create', { start: true, labels: { team: 'research' }, env: { TZ: 'UTC', LOG_LEVEL: 'info' } });
    const inside = new Inside(bot);
    await inside.output(
      'mkdir -p /data/scripts /data/results && echo "# Notes" > /data/notes.md && echo x > /data/run.sh',
    );
    const first = await bot.snapshot('fresh', { description: 'as it was made' });
    await bot.snapshot('tools installed');
    await bot.snapshot('first results');
    await bot.restore(first.id);
    await bot.snapshot('another way');
    await inside.start('while :; do echo served; sleep 1; done', { name: 'web server' });
    await system().http.post('/v1/api-keys', {
      name: 'deploy service',
      scopes: ['containers:read', 'containers:write'],
    });
    const [bob, carol, dave] = ['bob', 'carol', 'dave'].map((name) => system().bot(name));
    await bob?.run('create', { start: true });
    await carol?.run('create', { start: true });
    await carol?.run('pause');
    await dave?.finish('create', { image: 'berth-no-such-image:1' });
  });

  const seen = PAGES.flatMap((page) => CASES.map((each) => ({ ...page, ...each })));
  test.each(seen)('$name, $scheme', async ({ name, path, shown, scheme, views }) => {
    const page = await people().person(path(botId), undefined, { colorScheme: scheme });
    const faults: unknown[] = [];
    for (const { name: view, width, height, isShot, isHeard } of views) {
      await page.setViewportSize({ width, height });
      await page.locator(shown).first().waitFor();
      if (isShot) await screen(page, `${name}-${view}`);
      const wider = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
      if (wider !== 0) faults.push([view, `${String(wider)} px wider than the screen`]);
      if (!isHeard) continue;
      // Without frames to look into, the quick way of it finds the same.
      const axe = new AxeBuilder({ page })
        .exclude('.xterm')
        .options({ resultTypes: ['violations'] })
        .setLegacyMode(true);
      const { violations } = await axe.analyze();
      for (const { id, impact, nodes } of violations) {
        if (impact !== 'serious' && impact !== 'critical') continue;
        faults.push([view, id, nodes.map(({ html, any }) => [html.slice(0, 200), any[0]?.message]).slice(0, 3)]);
      }
    }
    await page.close();
    expect(faults).toEqual([]);
  });

  test('the first load is small', async () => {
    const page = await people().stranger();
    let sent = 0;
    page.on('requestfinished', (request) => {
      void request.sizes().then(({ responseBodySize }) => (sent += responseBodySize));
    });
    await page.goto(`${system().services.url}/bots#key=${system().services.apiKey}`, { waitUntil: 'load' });
    await page.locator('role=table[name="Bots"]').waitFor();
    expect(sent).toBeGreaterThan(50_000);
    expect(sent).toBeLessThan(300_000);
  });
}
