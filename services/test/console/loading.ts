import { expect, test } from '@jest/globals';
import type { Page, Route } from 'playwright-core';
import type { System } from '../support/system.js';
import type { People } from './browser.js';

/**
 * What a page is made of does not always come: a browser drops all that it is loading when a network of its machine
 * appears or goes, as those of containers do.
 */
export function loading(system: () => System, people: () => People): void {
  /** A page that loses the first request of each name that matches. */
  const losing = async (pattern: RegExp): Promise<{ page: Page; lost: Set<string> }> => {
    const page = await people().stranger();
    const lost = new Set<string>();
    await page.route(pattern, async (route: Route) => {
      const url = route.request().url();
      if (lost.has(url)) return route.continue();
      lost.add(url);
      return route.abort('internetdisconnected');
    });
    await page.goto(`${system().services.url}/bots#key=${system().services.apiKey}`);
    return { page, lost };
  };

  test.each([
    ['its style', /\/assets\/.*\.css$/],
    ['its program', /\/assets\/index-.*\.js$/],
    ['a part of its program', /\/assets\/(?!index-).*\.js$/],
    ['everything', /\/assets\//],
  ])('a page is whole where %s did not come at first', async (_what, pattern) => {
    const { page, lost } = await losing(pattern);
    await page.getByRole('heading', { name: 'Bots', exact: true }).waitFor();
    await page.getByRole('link', { name: 'Operations' }).click();
    await page.getByRole('heading', { name: 'Operations', exact: true }).waitFor();
    expect(await page.evaluate("getComputedStyle(document.querySelector('header')).position")).toBe('fixed');
    expect(lost.size).toBeGreaterThan(0);
  });
}
