import { expect, test } from '@jest/globals';
import { expectProblem } from '../support/exact.js';
import type { System } from '../support/system.js';
import { makeKey } from '../support/tenants.js';
import type { People } from './browser.js';

/** Who gets in, by what, and what they are offered. */
export function signingIn(system: () => System, people: () => People): void {
  test('a key that is typed opens the console; another is refused in words', async () => {
    const page = await people().stranger();
    await page.goto(system().services.url);
    await page.getByLabel('API key').fill('berth_wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('This key is not good').waitFor();
    await page.getByLabel('API key').fill(system().services.apiKey);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Bots', exact: true }).waitFor();
  });

  test('the link takes the key out of the address at once, and the session ends with the tab', async () => {
    const page = await people().person('/bots?q=nobody');
    expect(page.url()).toBe(`${system().services.url}/bots?q=nobody`);
    expect(await page.evaluate('history.length')).toBeLessThanOrEqual(2);
    await page.reload();
    await page.getByRole('heading', { name: 'Bots', exact: true }).waitFor();
    const kept = await page.evaluate('JSON.stringify(localStorage)');
    expect(kept).not.toContain(system().services.apiKey);
    const other = await page.context().newPage();
    await other.goto(system().services.url);
    await other.getByRole('button', { name: 'Sign in' }).waitFor();
  });

  test('an address that leads nowhere says so, with a way back', async () => {
    const page = await people().person('/nonsense/of/any/depth');
    await page.getByText('There is no such page').waitFor();
    await page.getByRole('link', { name: 'Back to the beginning' }).click();
    await page.getByRole('heading', { name: 'Bots', exact: true }).waitFor();
    for (const [path, accept] of [
      ['/v1/nothing', 'text/html'],
      ['/nonsense', 'application/json'],
    ] as const) {
      expectProblem(await system().http.get(path, { accept }), 404, 'route_not_found');
    }
    const { status, headers } = await fetch(`${system().services.url}/nonsense`, { headers: { accept: 'text/html' } });
    expect([status, headers.get('content-type')]).toEqual([404, expect.stringContaining('text/html')]);
  });

  test('signing out forgets the key', async () => {
    const page = await people().person();
    await page.getByRole('button', { name: 'Who is signed in' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
  });

  test('what the scopes do not allow is not offered', async () => {
    const bot = system().bot('reader');
    await bot.run('create', { start: false });
    const { secret } = await makeKey(system().http, ['containers:read']);
    const page = await people().person(`/bots/${bot.id}`, secret);
    await page.getByRole('tab', { name: 'Snapshots' }).waitFor();
    for (const name of ['Terminal', 'Files', 'Tasks']) expect(await page.getByRole('tab', { name }).count()).toBe(0);
    for (const name of ['Start', 'More', 'Edit'])
      expect(await page.getByRole('button', { name, exact: true }).count()).toBe(0);
    for (const name of ['Keys', 'Nodes']) expect(await page.getByRole('link', { name, exact: true }).count()).toBe(0);
  });

  test('a key of another scope begins where it may look', async () => {
    const { secret, id } = await makeKey(system().http, ['keys:admin']);
    const page = await people().person('/', secret);
    await page.waitForURL('**/keys');
    await page.getByRole('heading', { name: 'API keys' }).waitFor();
    expect(await page.getByRole('link', { name: 'Bots', exact: true }).count()).toBe(0);
    await system().http.request('DELETE', `/v1/api-keys/${id}`);
    await page.reload();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    const nothing = await people().person('/', (await makeKey(system().http, ['audit:read'])).secret);
    await nothing.getByText('This key may do nothing that the console shows').waitFor();
  });

  test('a key that is revoked meanwhile leads back to the sign-in', async () => {
    const key = await makeKey(system().http, ['containers:read']);
    const page = await people().person('/bots', key.secret);
    await page.getByRole('heading', { name: 'Bots', exact: true }).waitFor();
    await system().http.request('DELETE', `/v1/api-keys/${key.id}`);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
  });
}
