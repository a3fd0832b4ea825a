import { z } from 'zod';
import type { Scope } from '../access.js';
import { botId, text } from '../fields.js';
import { operationAnswer } from '../operation.js';
import type { ProblemCode } from '../problem.js';

/** Who may call: any key with a scope, any key at all, the operator alone, or anybody. */
export type Access = { scope: Scope } | 'any-key' | 'operator' | 'public';

/** Server-sent events, where a call answers with them on request. */
interface Stream {
  /** What its messages are. */
  messages: string;
  /** Whether it goes on after a `Last-Event-ID`. */
  resumes: boolean;
}

/** One call of the API: what the controllers bind to and the OpenAPI document is made from. */
export interface Route {
  id: string;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With `:name` for parameters. */
  path: string;
  summary: string;
  /** What the summary has no room for. */
  description: string;
  tag: 'Containers' | 'Snapshots' | 'Workspace' | 'Operations' | 'Live' | 'Keys' | 'Nodes' | 'System';
  access: Access;
  params: z.ZodType;
  query: z.ZodType;
  body: z.ZodType | null;
  /** Media type of a body that is passed on as it comes, whatever type it says it is. */
  upload: string | null;
  /** Status codes of success and their schema; a string is a media type other than JSON. */
  answers: Record<number, z.ZodType | string | null>;
  stream: Stream | null;
  problems: ProblemCode[];
  /** Takes `Idempotency-Key`. */
  idempotent: boolean;
}

type Definition = Partial<Pick<Route, 'description' | 'params' | 'query' | 'body' | 'upload' | 'stream' | 'problems'>> &
  Pick<Route, 'method' | 'path' | 'summary' | 'tag' | 'access' | 'answers'>;

const none = z.strictObject({});
const defaults = {
  description: '',
  params: none,
  query: none,
  body: null,
  upload: null as string | null,
  stream: null as Stream | null,
  problems: [] as ProblemCode[],
};
type Defined<D extends Definition> = Omit<typeof defaults, keyof D> & D & Pick<Route, 'id' | 'idempotent'>;

export function define<const D extends Definition>(id: string, definition: D): Defined<D> {
  return { ...defaults, ...definition, id, idempotent: definition.method !== 'GET' };
}

export const bot = z.strictObject({ botId });
export const byId = z.strictObject({ id: text(64) });
export const read = { scope: 'containers:read' } as const;
export const write = { scope: 'containers:write' } as const;
/** What is answered by whatever becomes an operation. */
export const accepted = { 202: operationAnswer, 200: operationAnswer };
