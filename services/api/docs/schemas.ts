import { routes, type Route } from '#contracts';
import { z } from 'zod';
import { EXAMPLES } from './examples.js';

export type Json = Record<string, unknown>;
type Io = 'input' | 'output';

const REF = (id: string): string => `#/components/schemas/${id}`;

/** Answers as they are given, request bodies as they may be sent: there, what has a default is not required. */
export function namedSchemas(): Json {
  const [input, output] = (['input', 'output'] as const).map(
    (io) =>
      z.toJSONSchema(z.globalRegistry, { uri: REF, io, unrepresentable: 'any', override: readable }).schemas as Json,
  );
  const bodies = Object.values<Route>(routes).flatMap(({ body }) => body?.meta()?.id ?? []);
  const all = { ...output, ...Object.fromEntries(bodies.map((id) => [id, input?.[id]])) } as Record<string, Json>;
  const shown = (id: string): Json => (id in EXAMPLES ? { examples: [EXAMPLES[id]] } : {});
  return Object.fromEntries(
    Object.entries(all).map(([id, schema]) => [id, { ...withoutIdentity(schema), ...shown(id) }]),
  );
}

/** By reference where it has a name. */
export function schemaOf(schema: z.ZodType, io: Io): Json {
  const id = schema.meta()?.id;
  return typeof id === 'string' ? { $ref: REF(id) } : inline(schema, io);
}

/** The members of a path or a query as parameters. */
export function parameters(schema: z.ZodType, place: 'path' | 'query'): Json[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape as Record<string, z.ZodType>).map(([name, field]) => {
    const { description, ...rest } = inline(field, 'input');
    const fallback = field instanceof z.ZodDefault ? { default: field.def.defaultValue } : {};
    return {
      name,
      in: place,
      required: !field.safeParse(undefined).success,
      ...(description !== undefined && { description }),
      schema: { ...rest, ...fallback },
    };
  });
}

function inline(schema: z.ZodType, io: Io): Json {
  return withoutIdentity(z.toJSONSchema(schema, { io, unrepresentable: 'any', override: readable }));
}

interface Converted {
  zodSchema: z.core.$ZodTypes;
  jsonSchema: z.core.JSONSchema.BaseSchema;
}

/** Says what people need to know and no more; and answers may gain members, where a body refuses them. */
function readable({ zodSchema, jsonSchema }: Converted): void {
  const { def } = zodSchema._zod;
  if (def.type === 'object' && def.catchall === undefined) delete jsonSchema.additionalProperties;
  // What a format means is known; what is read from a query's text is told as what it is read as.
  if (jsonSchema.format !== undefined || jsonSchema.type === 'integer') delete jsonSchema.pattern;
  if (jsonSchema.type === 'boolean') delete jsonSchema.enum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}

function withoutIdentity(schema: Json): Json {
  const { $schema: _schema, $id: _id, id: _name, ...rest } = schema;
  return rest;
}
