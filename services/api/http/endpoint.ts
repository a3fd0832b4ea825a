import type { BodyOf, ParamsOf, QueryOf, Route } from '#contracts';
import {
  applyDecorators,
  createParamDecorator,
  RequestMapping,
  RequestMethod,
  SetMetadata,
  type ExecutionContext,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Caller } from '../access/caller.js';
import { ApiError, validationError } from './problem.js';

export const ROUTE = 'berth:route';

const METHODS = {
  GET: RequestMethod.GET,
  POST: RequestMethod.POST,
  PUT: RequestMethod.PUT,
  PATCH: RequestMethod.PATCH,
  DELETE: RequestMethod.DELETE,
};

/** Binds a method to a call of the contract: its path, its access rule, its schemas. */
export function Endpoint(route: Route): MethodDecorator {
  return applyDecorators(
    RequestMapping({ method: METHODS[route.method], path: route.path }),
    SetMetadata(ROUTE, route),
  );
}

/** What a controller gets of a request: checked, typed, and bound to a caller. */
export interface CallOf<R extends Route> {
  caller: Caller;
  params: ParamsOf<R>;
  query: QueryOf<R>;
  body: BodyOf<R>;
  requestId: string;
  request: FastifyRequest;
  reply: FastifyReply;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller?: Caller;
  }
}

/** Parses the request by the schemas of its route. */
export const Call = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Record<keyof CallOf<Route>, unknown> => {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const route = Reflect.getMetadata(ROUTE, context.getHandler()) as Route;
    if (!request.caller) throw new ApiError('unauthenticated', 'Send an API key.');
    return {
      caller: request.caller,
      params: parse(route.params, request.params, []),
      query: parse(route.query, request.query, ['query']),
      body: route.body ? parse(route.body, request.body === undefined ? {} : request.body, []) : undefined,
      requestId: request.id,
      request,
      reply,
    };
  },
);

function parse(schema: z.ZodType, value: unknown, prefix: string[]): unknown {
  const result = schema.safeParse(value);
  if (!result.success) throw validationError(result.error, prefix);
  return result.data;
}
