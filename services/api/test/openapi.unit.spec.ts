import { describe, expect, test } from '@jest/globals';
import { CATALOGUE, CLIENT_MESSAGES, problemSchema, routes, SERVER_MESSAGES, type Route } from '#contracts';
import { z } from 'zod';
import { EXAMPLES } from '../docs/examples.js';
import { openApiDocument } from '../docs/openapi.js';
import { validatorOf, type OpenApi } from '../../test/support/openapi.js';

type Json = Record<string, unknown>;
interface Schema {
  properties?: Record<string, Json>;
  required?: string[];
  examples?: unknown[];
}
interface Parameter {
  name: string;
  in: string;
  required: boolean;
  schema: Json;
}
interface Operation {
  operationId: string;
  summary: string;
  parameters: Parameter[];
  requestBody?: { content: Record<string, { schema: Json }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: Json }> }>;
}

/** As a client gets it. */
const document = JSON.parse(JSON.stringify(openApiDocument())) as {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  tags: { name: string; description: string }[];
  components: Record<string, Record<string, unknown>> & { schemas: Record<string, Schema> };
};
const all = Object.values<Route>(routes);

function operation({ path, method }: Route): Operation {
  const found = document.paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
  if (!found) throw new Error(`${method} ${path} is not documented`);
  return found;
}

function walk(value: unknown, visit: (member: Json, path: string) => void, path = '#'): void {
  if (value === null || typeof value !== 'object') return;
  if (!Array.isArray(value)) visit(value as Json, path);
  for (const [key, member] of Object.entries(value)) walk(member, visit, `${path}/${key}`);
}

describe('the OpenAPI document', () => {
  test('has every call, and no other', () => {
    const documented = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    expect(documented.map(({ operationId }) => operationId).sort()).toEqual(all.map(({ id }) => id).sort());
    expect(document.openapi).toBe('3.1.0');
  });

  test('refers to nothing that it does not have', () => {
    const refs: string[] = [];
    walk(document, (member) => {
      if (typeof member['$ref'] === 'string') refs.push(member['$ref']);
    });
    expect(refs.length).toBeGreaterThan(50);
    for (const ref of refs) {
      const [, section = '', name = ''] = /^#\/components\/(\w+)\/([\w-]+)$/.exec(ref) ?? [];
      expect(`${ref}: ${name in (document.components[section] ?? {})}`).toBe(`${ref}: true`);
    }
  });

  test('leaves no schema empty and no identity of another kind behind', () => {
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      expect([name, Object.keys(schema).length > 0]).toEqual([name, true]);
    }
    walk(document, (member, path) => {
      // Members that schemas call `id` are no identities.
      if (path.endsWith('/properties')) return;
      for (const key of ['$schema', '$id', '$defs']) expect([path, key in member]).toEqual([path, false]);
    });
  });

  test.each(all)('$id: its parameters are those of its path, query and headers', (route) => {
    const { parameters } = operation(route);
    const names = (place: string) => parameters.filter((each) => each.in === place).map(({ name }) => name);
    expect(names('path')).toEqual([...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name));
    const inQuery = (route.query instanceof z.ZodObject ? route.query.shape : {}) as Record<string, z.ZodType>;
    for (const each of parameters) {
      const required = each.in === 'query' ? !inQuery[each.name]?.safeParse(undefined).success : each.in === 'path';
      expect([each.name, each.required]).toEqual([each.name, required]);
      expect(Object.keys(each.schema).length).toBeGreaterThan(0);
    }
    expect(names('query').sort()).toEqual(
      route.query instanceof z.ZodObject ? Object.keys(route.query.shape).sort() : null,
    );
    expect(names('header').includes('Idempotency-Key')).toBe(route.method !== 'GET');
    expect(names('header').includes('Range')).toBe(206 in route.answers);
    expect(names('header').includes('Prefer')).toBe(202 in route.answers);
    expect(names('header').includes('If-Match')).toBe(202 in route.answers);
  });

  test.each(all)('$id: its answers and problems are told', (route) => {
    const { responses, requestBody, summary } = operation(route);
    expect(summary).toMatch(/^[^`]+$/);
    expect(requestBody !== undefined).toBe(route.body !== null || route.upload !== null);
    for (const status of Object.keys(route.answers)) expect(responses).toHaveProperty(status);
    const promised = [
      'validation_failed',
      'unauthenticated',
      'forbidden',
      'internal_error',
      ...route.problems,
    ] as const;
    for (const code of promised) {
      const told = responses[CATALOGUE[code].status];
      expect(told?.description).toContain(`\`${code}\``);
      expect(told?.content).toHaveProperty(
        ['application/problem+json', 'schema', '$ref'],
        '#/components/schemas/Problem',
      );
    }
  });

  const namesIn = (route: Route, place: string): string[] =>
    operation(route).parameters.flatMap(({ in: at, name }) => (at === place ? [name] : []));

  test.each(all.filter(({ stream }) => stream !== null))('$id: its stream is told beside its pages', (route) => {
    const { responses } = operation(route);
    expect(Object.keys(responses['200']?.content ?? {})).toEqual([expect.any(String), 'text/event-stream']);
    expect(namesIn(route, 'header').includes('Last-Event-ID')).toBe(route.path.endsWith('/events'));
  });

  test('has numbers and flags in queries that are numbers and flags, with their defaults', () => {
    const schemaOf = (route: Route, name: string) =>
      operation(route).parameters.find((one) => one.name === name)?.schema;
    expect(schemaOf(routes.listBots, 'limit')).toEqual({ type: 'integer', minimum: 1, maximum: 100, default: 50 });
    expect(schemaOf(routes.deleteContainer, 'purgeData')).toEqual({ type: 'boolean', default: false });
  });

  test('has an example for each schema that a page of it needs, and none that its schema refuses', () => {
    const { schemas } = document.components;
    // Those that are made of others show theirs.
    const composed = /^(\w+Page|OperationAnswer|OperationError|Resources|Exit|Problem)$/;
    for (const [id, { examples }] of Object.entries(schemas)) {
      expect([id, examples?.length ?? 0]).toEqual([id, composed.test(id) ? 0 : 1]);
    }
    for (const [id, example] of Object.entries(EXAMPLES)) {
      const schema = validatorOf(document as unknown as OpenApi, schemas[id] as Json);
      expect([id, schema.safeParse(example).error]).toEqual([id, undefined]);
    }
    for (const [code, { value }] of Object.entries(
      document.components['examples'] as Record<string, { value: unknown }>,
    )) {
      expect(problemSchema.strict().parse(value)).toMatchObject({ code });
    }
  });

  test('tells what a socket takes and sends', () => {
    const live = document.tags.find(({ name }) => name === 'Live')?.description ?? '';
    for (const [name, { schema }] of Object.entries({ ...CLIENT_MESSAGES, ...SERVER_MESSAGES })) {
      const id = schema.meta()?.id ?? '';
      expect(live).toContain(`| \`${name}\` | \`${id}\` |`);
      expect(document.components.schemas).toHaveProperty(id);
    }
    const used = new Set(all.map(({ tag }) => tag));
    expect(document.tags.map(({ name }) => name).sort()).toEqual([...used].sort());
  });

  test('requires of a request only what has no default', () => {
    expect(document.components.schemas['ContainerCreate']?.required ?? []).toEqual([]);
    expect(document.components.schemas['ContainerStop']?.required ?? []).toEqual([]);
    expect(document.components.schemas['ApiKeyCreate']?.required?.toSorted()).toEqual(['name', 'scopes']);
    expect(document.components.schemas['Container']?.required).toContain('status');
  });
});
