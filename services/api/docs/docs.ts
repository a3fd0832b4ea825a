import { CATALOGUE, OPERATION_ERRORS, type CatalogueEntry } from '#contracts';
import type { FastifyInstance } from 'fastify';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import swaggerUiPath from 'swagger-ui-dist/absolute-path.js';
import { PAGE_OPTIONS } from './page.js';

const FILES: Record<string, string> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
};

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Berth API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body><div id="ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script>
</body>
</html>`;
const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#ui', deepLinking: true, persistAuthorization: false });`;

/** Where the `type` of a problem document leads: each code, and what to do about it. */
function problemsPage(): string {
  const entries = Object.entries<CatalogueEntry>(CATALOGUE).map(
    ([code, { status, title, hint, retryable }]) =>
      `<h3 id="${code}"><code>${code}</code></h3><p>${status}. ${title}. ${hint}${retryable ? ' It may pass if tried again.' : ''}</p>`,
  );
  const errors = Object.entries(OPERATION_ERRORS).map(
    ([code, hint]) => `<h3 id="${code}"><code>${code}</code></h3><p>${hint}</p>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Berth: problems</title>
<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}</style>
</head><body><h1>Problems</h1><p>Branch on <code>code</code>; all else is for people.</p>
<h2>Answers of the API</h2>${entries.join('')}<h2>Errors of operations</h2>${errors.join('')}</body></html>`;
}

/** The API's documentation to read and try, served from this process alone. */
export function serveDocs(app: FastifyInstance): void {
  const root = swaggerUiPath();
  app.get('/docs', PAGE_OPTIONS, async (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE));
  app.get('/docs/start.js', PAGE_OPTIONS, async (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').send(START),
  );
  const problems = problemsPage();
  app.get('/docs/problems', PAGE_OPTIONS, async (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(problems),
  );
  for (const [name, type] of Object.entries(FILES)) {
    app.get(`/docs/${name}`, PAGE_OPTIONS, async (_request, reply) =>
      reply
        .type(type)
        .header('cache-control', 'max-age=3600')
        .send(createReadStream(join(root, name))),
    );
  }
}
