import { CATALOGUE, problemSchema, routes, type ProblemCode, type Route } from '#contracts';
import { problemExample } from './examples.js';
import { GUIDE, TAGS } from './guide.js';
import { namedSchemas, parameters, schemaOf, type Json } from './schemas.js';

const COMMON: ProblemCode[] = ['validation_failed', 'internal_error', 'unavailable'];

/** The OpenAPI 3.1 document, made from the schemas that requests are checked by. */
export function openApiDocument(): Json {
  const all = Object.values<Route>(routes);
  const paths: Record<string, Json> = {};
  for (const route of all) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Berth',
      version: '1',
      description: GUIDE,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    tags: [...new Set(all.map(({ tag }) => tag))].map((name) => ({ name, description: TAGS[name] })),
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'An API key.' } },
      schemas: namedSchemas(),
      headers: Object.fromEntries(
        Object.entries(HEADERS).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
      ),
      examples: Object.fromEntries(
        (Object.keys(CATALOGUE) as ProblemCode[]).map((code) => [
          code,
          { summary: CATALOGUE[code].title, value: problemExample(code) },
        ]),
      ),
    },
  };
}

function operation(route: Route): Json {
  return {
    operationId: route.id,
    // Plain text, by the standard; the description is Markdown.
    summary: route.summary.replaceAll('`', ''),
    description: [needs(route), route.description].filter(Boolean).join('\n\n'),
    tags: [route.tag],
    ...(route.access === 'public' && { security: [] }),
    parameters: [...parameters(route.params, 'path'), ...parameters(route.query, 'query'), ...requestHeaders(route)],
    ...(route.upload !== null && {
      requestBody: { required: true, content: { [route.upload]: { schema: { type: 'string' } } } },
    }),
    ...(route.body && {
      requestBody: {
        required: !route.body.safeParse({}).success,
        content: { 'application/json': { schema: schemaOf(route.body, 'input') } },
      },
    }),
    responses: { ...answers(route), ...problems(route) },
  };
}

function needs({ access }: Route): string {
  if (typeof access === 'object') return `Needs the scope \`${access.scope}\`.`;
  if (access === 'operator') return "Needs the operator's key.";
  return access === 'public' ? 'Needs no key.' : 'Needs a key, whatever its scopes.';
}

function requestHeaders(route: Route): Json[] {
  const header = (name: string, description: string, example: string): Json => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string', examples: [example] },
  });
  const isOperation = 202 in route.answers;
  const isRanged = 206 in route.answers;
  return [
    ...(route.idempotent
      ? [header('Idempotency-Key', 'The same request again gets the same answer, for 24 h.', 'start-alice-1')]
      : []),
    ...(isOperation
      ? [
          header(
            'Prefer',
            '`wait=N`: answer with the ended operation if it ends within N seconds, 60 at most.',
            'wait=30',
          ),
          header('If-Match', 'The ETag of the container: refused where it has changed since.', '"7"'),
        ]
      : []),
    ...(isRanged ? [header('Range', 'One range of bytes; several are answered with all.', 'bytes=0-1023')] : []),
    ...(route.stream?.resumes
      ? [header('Last-Event-ID', 'The id of the last message seen, to resume after it.', '48213-1907')]
      : []),
  ];
}

const HEADERS = {
  'X-Request-Id': 'That of the request, or a new one; the log has it.',
  'Retry-After': 'Seconds after which it may pass.',
  ETag: 'The version, for `If-Match`.',
  Location: 'Where the operation is.',
  'Preference-Applied': '`wait`, where the operation ended in time.',
  'Idempotent-Replayed': '`true`, where the answer was given before.',
  'Content-Range': 'Which bytes these are, and of how many.',
};

function responseHeaders(names: (keyof typeof HEADERS)[]): Json {
  const all = ['X-Request-Id', ...names] as const;
  return Object.fromEntries(all.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function answers(route: Route): Json {
  const names: (keyof typeof HEADERS)[] = [
    ...(202 in route.answers ? (['Location', 'Preference-Applied'] as const) : []),
    ...(route.idempotent ? (['Idempotent-Replayed'] as const) : []),
    ...(route.id === 'getContainer' ? (['ETag'] as const) : []),
  ];
  return Object.fromEntries(
    Object.entries(route.answers).map(([status, schema]) => {
      const own: (keyof typeof HEADERS)[] = status === '206' ? ['Content-Range'] : [];
      const type = typeof schema === 'string' ? schema : 'application/json';
      const content = typeof schema === 'string' ? { type: 'string' } : schema && schemaOf(schema, 'output');
      return [
        status,
        {
          description: meaning(status, route),
          headers: responseHeaders([...names, ...own]),
          ...(content && { content: { [type]: { schema: content }, ...stream(route) } }),
        },
      ];
    }),
  );
}

function meaning(status: string, route: Route): string {
  if (status === '202') return 'Accepted: it is done from here on, whatever fails.';
  if (status === '201') return 'Made.';
  if (status === '204') return 'Done.';
  if (status === '206') return 'The range.';
  if (201 in route.answers) return 'It was there already.';
  return 202 in route.answers ? 'It held already, or has ended while the answer waited for it.' : 'As it is now.';
}

function stream({ stream: told }: Route): Json {
  if (!told) return {};
  return { 'text/event-stream': { schema: { type: 'string', description: `Server-sent events: ${told.messages}.` } } };
}

function problems(route: Route): Json {
  const codes: ProblemCode[] = [...COMMON, ...route.problems];
  if (route.access !== 'public') codes.push('unauthenticated', 'forbidden');
  if (route.idempotent) codes.push('idempotency_in_progress', 'idempotency_key_reused', 'payload_too_large');
  const statuses = [...new Set(codes.map((code) => CATALOGUE[code].status))];
  const byStatus = statuses.map((status) => ({
    status,
    at: [...new Set(codes)].filter((code) => CATALOGUE[code].status === status),
  }));
  return Object.fromEntries(
    byStatus.map(({ status, at }) => [
      status,
      {
        description: at.map((code) => `\`${code}\`: ${CATALOGUE[code].hint}`).join('\n\n'),
        headers: responseHeaders(status === 429 || status === 503 ? ['Retry-After'] : []),
        content: {
          'application/problem+json': {
            schema: schemaOf(problemSchema, 'output'),
            examples: Object.fromEntries(at.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
          },
        },
      },
    ]),
  );
}
