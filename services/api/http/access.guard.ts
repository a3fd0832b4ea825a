import type { Route } from '#contracts';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Authenticator } from '../access/authenticator.js';
import { ROUTE } from './endpoint.js';
import { ApiError } from './problem.js';

/** Lets nobody through to a call of the contract without the scope that it names. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(private readonly authenticator: Authenticator) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const route = Reflect.getMetadata(ROUTE, context.getHandler()) as Route | undefined;
    // Fails closed: a method that is bound to no call is nobody's to reach.
    if (!route) throw new ApiError('route_not_found', 'There is no such call.');
    if (route.access === 'public') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const caller = token === undefined ? null : await this.authenticator.authenticate(token);
    if (!caller)
      throw new ApiError('unauthenticated', 'Send `Authorization: Bearer <API key>` with a key that is alive.');
    request.caller = caller;
    if (route.access === 'operator' && !caller.isOperator) {
      throw new ApiError('forbidden', 'Only the operator’s key may do this.');
    }
    if (typeof route.access === 'object' && !caller.scopes.has(route.access.scope)) {
      throw new ApiError('forbidden', `The key lacks the scope ${route.access.scope}.`);
    }
    return true;
  }
}
