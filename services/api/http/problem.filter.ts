import type { Log } from '#platform';
import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError, frameworkCode, toApiError, toProblem } from './problem.js';

const RETRY_AFTER_SECONDS = '1';

/** Every error leaves here, as a problem document. What was not foreseen is logged and told as `internal_error`. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Log) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const known = toApiError(error);
    if (!known)
      this.log.error({ err: error, requestId: request.id, url: request.routeOptions.url }, 'unforeseen error');
    else if (known.code === 'unavailable') this.log.warn({ err: error, requestId: request.id }, 'database unavailable');
    const problem = toProblem(
      known ?? new ApiError('internal_error', 'Something went wrong here; the log has the details.'),
      request.id,
    );
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    if (refusedUnread(error)) {
      // Closing while the client still sends would break its connection before it has read why.
      void reply.removeHeader('connection');
      request.raw.resume();
    }
    if (problem.retryable && (problem.status === 429 || problem.status === 503))
      void reply.header('retry-after', RETRY_AFTER_SECONDS);
    if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
    void reply.status(problem.status).type('application/problem+json').send(problem);
  }
}

/** Whether Fastify has refused a body without reading it to its end. */
function refusedUnread(error: unknown): boolean {
  const code = frameworkCode(error);
  return code === 'FST_ERR_CTP_BODY_TOO_LARGE' || code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE';
}
