import type { z } from 'zod';
import type { Route } from './routes.js';

/** What a controller gets: parsed, with defaults filled in. */
export type ParamsOf<R extends Route> = z.output<R['params']>;
export type QueryOf<R extends Route> = z.output<R['query']>;
export type BodyOf<R extends Route> = R['body'] extends z.ZodType ? z.output<R['body']> : undefined;

type Given<In, Out> = { [Name in keyof In]: Name extends keyof Out ? Out[Name] : never };

/** What a caller gives: what has a default may be left out, and numbers and flags of a query are what they stand for. */
export type QueryGiven<R extends Route> = Given<z.input<R['query']>, z.output<R['query']>>;
export type BodyGiven<R extends Route> = R['body'] extends z.ZodType ? z.input<R['body']> : undefined;

/** The JSON of a good answer; undefined where it has none. */
export type AnswerOf<R extends Route> = Answered<R['answers'][keyof R['answers']]>;
type Answered<A> = A extends z.ZodType ? z.output<A> : A extends null ? undefined : never;
