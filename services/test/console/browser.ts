import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { chromium, type Browser, type BrowserContext, type Locator, type Page } from 'playwright-core';
import type { System } from '../support/system.js';

const WITHIN_MS = 20_000;

/** A change anywhere shows within a second; what a busy machine adds is no business of the console's. */
export const SOON_MS = 10_000;

/** A real browser, and the people who sit before it. */
export class People {
  readonly #contexts: BrowserContext[] = [];
  /** What a page said to its console, or threw. */
  readonly complaints: string[] = [];

  private constructor(
    private readonly browser: Browser,
    private readonly system: System,
  ) {}

  static async gather(system: System): Promise<People> {
    const executablePath = execFileSync('sh', ['-c', 'command -v chromium']).toString().trim();
    // As root there is no sandbox; what is opened is our own.
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
    return new People(browser, system);
  }

  /** Somebody with a browser of their own, at the sign-in. */
  async stranger(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(WITHIN_MS);
    this.#contexts.push(context);
    const page = await context.newPage();
    page.on('pageerror', (error) => this.complaints.push(`${page.url()}: ${error.message}`));
    page.on('console', (message) => {
      // The browser itself tells of each request that was refused or broke off; those are tested by what is shown.
      if (message.type() === 'error' && !/Failed to load resource|WebSocket connection|ERR_/.test(message.text())) {
        this.complaints.push(`${page.url()}: ${message.text()}`);
      }
    });
    return page;
  }

  /** Signed in by the link that `npm start` prints, at a page. */
  async person(path = '/bots', key = this.system.services.apiKey, options: Parameters<Browser['newContext']>[0] = {}) {
    const page = await this.stranger(options);
    await page.goto(`${this.system.services.url}${path}#key=${encodeURIComponent(key)}`);
    await page.getByRole('navigation', { name: 'Pages' }).waitFor({ state: 'attached' });
    return page;
  }

  async leave(): Promise<void> {
    for (const context of this.#contexts) await context.close();
    await this.browser.close();
  }
}

/** The status that the page of a bot shows at its head. */
export function statusOf(page: Page, status: string): Locator {
  return page.locator(`.status[data-status="${status}"]`).first();
}

/** Waits until the page of a bot shows a status. */
export async function shows(page: Page, status: string): Promise<void> {
  await statusOf(page, status).waitFor({ timeout: 45_000 });
}

/** Where screenshots are kept: artefacts of the run, to be looked at. */
export async function screen(page: Page, name: string, options: { fullPage?: boolean } = {}): Promise<void> {
  await mkdir('artifacts/screens', { recursive: true });
  await page.screenshot({ path: `artifacts/screens/${name}.png`, animations: 'disabled', ...options });
}
