import { CATALOGUE, problemSchema, routes, type ProblemCode, type Route } from '#contracts';
import { z } from 'zod';

type Json = Record<string, unknown>;

const REF = (id: string): string => `#/components/schemas/${id}`;
const COMMON: ProblemCode[] = ['validation_failed', 'internal_error', 'unavailable'];

/** The OpenAPI 3.1 document, made from the schemas that requests are checked by. */
export function openApiDocument(): Json {
  const schemas = namedSchemas();
  const paths: Record<string, Json> = {};
  for (const route of Object.values<Route>(routes)) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Berth', version: '1', description: 'Every bot its own computer: containers with live status.' },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, withoutIdentity(schema as Json)])),
    },
  };
}

/** Answers as they are given, request bodies as they may be sent: there, what has a default is not required. */
function namedSchemas(): Json {
  const [input, output] = (['input', 'output'] as const).map(
    (io) => z.toJSONSchema(z.globalRegistry, { uri: REF, io, unrepresentable: 'any', override: open }).schemas as Json,
  );
  const bodies = Object.values<Route>(routes).flatMap(({ body }) => body?.meta()?.id ?? []);
  return { ...output, ...Object.fromEntries(bodies.map((id) => [id, input?.[id]])) };
}

function operation(route: Route): Json {
  return {
    operationId: route.id,
    summary: route.summary,
    tags: [route.tag],
    ...(route.access === 'public' && { security: [] }),
    ...(typeof route.access === 'object' && { description: `Needs the scope \`${route.access.scope}\`.` }),
    parameters: [...fields(route.params, 'path'), ...fields(route.query, 'query'), ...headers(route)],
    ...(route.body && { requestBody: { content: { 'application/json': { schema: schemaOf(route.body, 'input') } } } }),
    responses: { ...answers(route), ...problems(route) },
  };
}

function fields(schema: z.ZodType, place: 'path' | 'query'): Json[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: open,
  }) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: withoutIdentity(property),
  }));
}

function headers(route: Route): Json[] {
  const header = (name: string, description: string): Json => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  });
  const operationAnswer = 202 in route.answers;
  return [
    ...(route.idempotent ? [header('Idempotency-Key', 'The same request again gets the same answer, for 24 h.')] : []),
    ...(operationAnswer
      ? [header('Prefer', '`wait=N`: answer with the ended operation if it ends within N seconds.')]
      : []),
    ...(operationAnswer ? [header('If-Match', 'The ETag of the container: refused where it has changed since.')] : []),
  ];
}

function answers(route: Route): Json {
  return Object.fromEntries(
    Object.entries(route.answers).map(([status, schema]) => {
      if (schema === null) return [status, { description: 'Done' }];
      if (typeof schema === 'string')
        return [status, { description: 'Done', content: { [schema]: { schema: { type: 'string' } } } }];
      return [status, { description: 'Done', content: { 'application/json': { schema: schemaOf(schema, 'output') } } }];
    }),
  );
}

function problems(route: Route): Json {
  const codes: ProblemCode[] = [...COMMON, ...route.problems];
  if (route.access !== 'public') codes.push('unauthenticated', 'forbidden');
  if (route.idempotent) codes.push('idempotency_in_progress', 'idempotency_key_reused', 'payload_too_large');
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codes)
    byStatus.set(CATALOGUE[code].status, [...(byStatus.get(CATALOGUE[code].status) ?? []), code]);
  return Object.fromEntries(
    [...byStatus].map(([status, at]) => [
      status,
      {
        description: at.map((code) => `\`${code}\`: ${CATALOGUE[code].hint}`).join('\n\n'),
        content: { 'application/problem+json': { schema: schemaOf(problemSchema, 'output') } },
      },
    ]),
  );
}

/** Answers may gain fields; only what refuses unknown members says so. */
function open({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodTypes;
  jsonSchema: z.core.JSONSchema.BaseSchema;
}): void {
  const { def } = zodSchema._zod;
  if (def.type === 'object' && def.catchall === undefined) delete jsonSchema.additionalProperties;
}

/** By reference where it has a name. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const id = schema.meta()?.id;
  if (typeof id === 'string') return { $ref: REF(id) };
  return withoutIdentity(z.toJSONSchema(schema, { io, unrepresentable: 'any', override: open }));
}

function withoutIdentity(schema: Json): Json {
  const { $schema: _schema, $id: _id, id: _name, ...rest } = schema;
  return rest;
}
