import type {} from '@fastify/helmet';
import files from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { pageOptions } from '../docs/page.js';

/** The pages of the console, each of which is the same document: an address can be shared and opened anew. */
const PAGES = ['/', '/bots', '/bots/*', '/operations', '/operations/*', '/nodes', '/nodes/*', '/keys', '/keys/*'];
const MISSING =
  'The console is not built here: run `npm run build`. The API works without it; its documentation is at /docs.';

/** The web console, as it was built. It has no powers of its own: what it does it asks of the API with its user's key. */
export async function serveConsole(app: FastifyInstance, root = consoleRoot()): Promise<void> {
  if (!existsSync(`${root}/index.html`)) {
    for (const page of PAGES)
      app.get(page, async (_request, reply) => reply.status(404).type('text/plain').send(MISSING));
    return;
  }
  // Names of assets have a hash of what is in them, so they never change.
  await app.register(files, {
    root: `${root}/assets`,
    prefix: '/assets/',
    preCompressed: true,
    immutable: true,
    maxAge: '365d',
  });
  const options = pageOptions(...hashesOf(await readFile(`${root}/index.html`, 'utf8')));
  for (const page of PAGES) app.get(page, options, (_request, reply) => reply.sendFile('index.html', root, FRESH));
  // Who mistypes an address in a browser is told so by the console; a program gets the problem it expects.
  app.get('/*', options, (request, reply) => {
    const isPage = request.headers.accept?.includes('text/html') === true && !request.url.startsWith('/v1/');
    if (isPage) void reply.status(404).sendFile('index.html', root, FRESH);
    else reply.callNotFound();
  });
  app.get('/icon.svg', (_request, reply) => reply.sendFile('icon.svg', root, FRESH));
}

/** Of the scripts within a page, as its policy names them. */
function hashesOf(html: string): string[] {
  return [...html.matchAll(/<script>(.*?)<\/script>/gs)].map(
    ([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  );
}

const FRESH = { immutable: false, maxAge: 0 };

/** Beside the compiled services; of sources that run as they are, it is where the build would put it. */
function consoleRoot(): string {
  const here = fileURLToPath(new URL('../../..', import.meta.url));
  return here.endsWith('/dist/') ? `${here}console` : `${here}dist/console`;
}
