import { describe, expect, test } from '@jest/globals';
import { CATALOGUE, createBody, problemSchema, type ProblemCode } from '#contracts';
import { Refusal } from '#domain';
import { IdempotencyRefusal } from '#operations';
import { DatabaseFault } from '#persistence';
import { createLogger } from '#platform';
import { NotFoundException, type ArgumentsHost } from '@nestjs/common';
import { z } from 'zod';
import { ProblemFilter } from '../http/problem.filter.js';
import { ApiError, frameworkCode, toApiError, toProblem, validationError } from '../http/problem.js';

const codeOf = (error: unknown): string | null => toApiError(error)?.code ?? null;
const problemOf = (error: unknown) => {
  const known = toApiError(error);
  if (!known) throw new Error('it is a fault of ours');
  return toProblem(known, 'req-1');
};

describe('what went wrong, as the caller sees it', () => {
  test('a refusal keeps its code, its words and what it adds', () => {
    const refusal = new Refusal('invalid_transition', 'Cannot pause it.', {
      containerStatus: 'stopping',
      allowed: ['start'],
    });
    expect(problemOf(refusal)).toEqual({
      type: '/docs/problems#invalid_transition',
      title: CATALOGUE.invalid_transition.title,
      status: 409,
      code: 'invalid_transition',
      detail: 'Cannot pause it.',
      requestId: 'req-1',
      retryable: false,
      containerStatus: 'stopping',
      allowed: ['start'],
    });
  });

  test('a refusal may know better than its code whether it will pass', () => {
    expect(problemOf(new Refusal('no_capacity', 'Full.')).retryable).toBe(true);
    expect(problemOf(new Refusal('no_capacity', 'Too large.', { retryable: false })).retryable).toBe(false);
  });

  test.each([
    [new ApiError('name_taken', 'Taken.'), 'name_taken'],
    [new IdempotencyRefusal('idempotency_in_progress'), 'idempotency_in_progress'],
    [new IdempotencyRefusal('idempotency_key_reused'), 'idempotency_key_reused'],
    [new DatabaseFault('unavailable', null, null), 'unavailable'],
    [new z.ZodError([]), 'validation_failed'],
    [new NotFoundException(), 'route_not_found'],
    [{ statusCode: 413 }, 'payload_too_large'],
    [{ code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 400 }, 'payload_too_large'],
    [{ status: 400, cause: { code: 'FST_ERR_CTP_BODY_TOO_LARGE' } }, 'payload_too_large'],
    [{ code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE', statusCode: 415 }, 'validation_failed'],
    [{ statusCode: 400, message: 'Unexpected token' }, 'validation_failed'],
    [{ statusCode: 405 }, 'validation_failed'],
  ])('%p is %s', (error, code) => {
    expect(codeOf(error)).toBe(code);
  });

  test.each([
    [new DatabaseFault('other', null, null)],
    [new DatabaseFault('conflict', 'bot_key', null)],
    [new DatabaseFault('refused', 'no_capacity', null)],
    [new Error('x')],
    [new TypeError('x')],
    [{ statusCode: 500 }],
    [{ statusCode: '404' }],
    ['404'],
    [null],
    [undefined],
  ])('%p is a fault of ours', (error) => {
    expect(codeOf(error)).toBeNull();
  });

  test.each(Object.keys(CATALOGUE) as ProblemCode[])('%s makes a document of the contract', (code) => {
    const problem = toProblem(new ApiError(code, 'Because.'), 'req-1');
    expect(problemSchema.strict().parse(problem)).toEqual(problem);
    expect(problem).toMatchObject({ code, status: CATALOGUE[code].status, retryable: CATALOGUE[code].retryable });
    expect(problem).not.toHaveProperty('errors');
  });

  test('tells nothing that a framework or a database said', () => {
    const words = 'secret words';
    for (const error of [
      Object.assign(new Error(words), { statusCode: 400 }),
      Object.assign(new Error(words), { statusCode: 413 }),
      new DatabaseFault('unavailable', null, new Error(words)),
    ]) {
      expect(JSON.stringify(problemOf(error))).not.toContain(words);
    }
  });

  test('the framework’s code is found where Nest has wrapped it', () => {
    expect(frameworkCode({ code: 'A', cause: { code: 'B' } })).toBe('A');
    expect(frameworkCode({ cause: { code: 'B' } })).toBe('B');
    expect([frameworkCode({}), frameworkCode(null)]).toEqual([undefined, undefined]);
  });
});

describe('a validation error', () => {
  const of = (schema: z.ZodType, value: unknown, prefix?: string[]) => {
    const { error } = schema.safeParse(value);
    if (!error) throw new Error('it was taken');
    return validationError(error, prefix);
  };

  test('names each member, unknown ones too', () => {
    const { errors } = of(createBody, { image: '!', resources: { gpus: 1, cpus: 0 }, a: 1, b: 2 }).options;
    expect(errors?.map(({ path }) => path).sort()).toEqual(['a', 'b', 'image', 'resources.cpus', 'resources.gpus']);
    expect(errors?.find(({ path }) => path === 'a')?.message).toBe('is not known here');
  });

  test('begins its detail with the first', () => {
    const error = of(z.strictObject({ limit: z.string() }), { limit: 5 }, ['query']);
    expect(error.options.errors).toMatchObject([{ path: 'query.limit' }]);
    expect(error.detail).toMatch(/^query\.limit: \S/);
    expect(of(createBody, null).detail).toMatch(/^body: \S/);
    expect(validationError(new z.ZodError([])).detail).toBe('The request is malformed.');
  });

  test('shows twenty at most', () => {
    const body = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`x${i}`, i]));
    expect(of(createBody, body).options.errors).toHaveLength(20);
  });
});

describe('the filter', () => {
  function answer(error: unknown, sent = false) {
    const headers: Record<string, string> = {};
    const lines: string[] = [];
    const seen = {
      status: 0,
      body: {} as Record<string, unknown>,
      destroyed: false,
      resumed: false,
      type: '',
      headers,
      lines,
    };
    const reply = {
      sent,
      raw: { headersSent: false, destroy: () => void (seen.destroyed = true) },
      header: (name: string, value: string) => void (headers[name] = value),
      removeHeader: () => undefined,
      status: (status: number) => ((seen.status = status), reply),
      type: (type: string) => ((seen.type = type), reply),
      send: (body: Record<string, unknown>) => void (seen.body = body),
    };
    const request = {
      id: 'req-1',
      routeOptions: { url: '/v1/bots' },
      raw: { resume: () => void (seen.resumed = true) },
    };
    const host = { switchToHttp: () => ({ getRequest: () => request, getResponse: () => reply }) };
    const log = createLogger({ level: 'warn', service: 'api' }, { write: (line) => void lines.push(line) });
    new ProblemFilter(log).catch(error, host as unknown as ArgumentsHost);
    return seen;
  }

  test('answers with a problem document', () => {
    const seen = answer(new Refusal('bot_not_found', 'No bot.'));
    expect(seen).toMatchObject({
      status: 404,
      type: 'application/problem+json',
      body: { requestId: 'req-1' },
      lines: [],
    });
  });

  test('says when to try again, and how to prove who one is', () => {
    expect(answer(new Refusal('quota_exceeded', 'Full.')).headers).toEqual({ 'retry-after': '1' });
    expect(answer(new Refusal('no_capacity', 'Full.')).headers).toEqual({ 'retry-after': '1' });
    const never = new Refusal('no_capacity', 'Too large.', { retryable: false });
    expect(answer(never).headers).toEqual({});
    expect(answer(new ApiError('unauthenticated', 'Who?')).headers).toEqual({ 'www-authenticate': 'Bearer' });
    expect(answer(new ApiError('forbidden', 'No.')).headers).toEqual({});
  });

  test('logs what was not foreseen, and tells nothing of it', () => {
    const seen = answer(new TypeError('secret words'));
    expect(seen).toMatchObject({ status: 500, body: { code: 'internal_error', retryable: true } });
    expect(JSON.stringify(seen.body)).not.toContain('secret words');
    expect(seen.lines.join('')).toMatch(/secret words.*req-1|req-1.*secret words/s);
  });

  test('breaks off what has begun to be answered', () => {
    expect(answer(new Error('x'), true)).toMatchObject({ destroyed: true, status: 0 });
  });

  test('lets the client finish what was refused unread', () => {
    expect(answer({ code: 'FST_ERR_CTP_BODY_TOO_LARGE' })).toMatchObject({ status: 413, resumed: true });
    expect(answer(new NotFoundException()).resumed).toBe(false);
  });
});
