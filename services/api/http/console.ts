import type {} from '@fastify/helmet';
import files from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PAGE_OPTIONS } from '../docs/page.js';

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
  for (const page of PAGES) app.get(page, PAGE_OPTIONS, (_request, reply) => reply.sendFile('index.html', root, FRESH));
  // Who mistypes an address in a browser is told so by the console; a program gets the problem it expects.
  app.get('/*', PAGE_OPTIONS, (request, reply) => {
    const isPage = request.headers.accept?.includes('text/html') === true && !request.url.startsWith('/v1/');
    if (isPage) void reply.status(404).sendFile('index.html', root, FRESH);
    else reply.callNotFound();
  });
  for (const name of ['icon.svg', 'scheme.js'])
    app.get(`/${name}`, (_request, reply) => reply.sendFile(name, root, FRESH));
}

const FRESH = { immutable: false, maxAge: 0 };

/** Beside the compiled services; of sources that run as they are, it is where the build would put it. */
function consoleRoot(): string {
  const here = fileURLToPath(new URL('../../..', import.meta.url));
  return here.endsWith('/dist/') ? `${here}console` : `${here}dist/console`;
}
