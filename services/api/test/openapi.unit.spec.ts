import { describe, expect, test } from '@jest/globals';
import { CATALOGUE, routes, type Route } from '#contracts';
import { z } from 'zod';
import { openApiDocument } from '../docs/openapi.js';

type Json = Record<string, unknown>;
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
  components: { schemas: Record<string, { properties?: Record<string, Json>; required?: string[] }> };
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
      const name = /^#\/components\/schemas\/(\w+)$/.exec(ref)?.[1] ?? '';
      expect(`${ref}: ${name in document.components.schemas}`).toBe(`${ref}: true`);
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
    for (const each of parameters) {
      expect([each.name, each.required]).toEqual([each.name, each.in === 'path']);
      expect(Object.keys(each.schema).length).toBeGreaterThan(0);
    }
    expect(names('query').sort()).toEqual(
      route.query instanceof z.ZodObject ? Object.keys(route.query.shape).sort() : null,
    );
    expect(names('header').includes('Idempotency-Key')).toBe(route.method !== 'GET');
    expect(names('header').includes('Prefer')).toBe(202 in route.answers);
    expect(names('header').includes('If-Match')).toBe(202 in route.answers);
  });

  test.each(all)('$id: its answers and problems are told', (route) => {
    const { responses, requestBody, summary } = operation(route);
    expect(summary).not.toBe('');
    expect(requestBody !== undefined).toBe(route.body !== null);
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

  test('requires of a request only what has no default', () => {
    expect(document.components.schemas['ContainerCreate']?.required ?? []).toEqual([]);
    expect(document.components.schemas['ContainerStop']?.required ?? []).toEqual([]);
    expect(document.components.schemas['ApiKeyCreate']?.required?.toSorted()).toEqual(['name', 'scopes']);
    expect(document.components.schemas['Container']?.required).toContain('status');
  });
});
