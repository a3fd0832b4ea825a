import type { z } from 'zod';
import type { Route } from './routes.js';

/** What a controller gets: parsed, with defaults filled in. */
export type ParamsOf<R extends Route> = z.output<R['params']>;
export type QueryOf<R extends Route> = z.output<R['query']>;
export type BodyOf<R extends Route> = R['body'] extends z.ZodType ? z.output<R['body']> : undefined;
