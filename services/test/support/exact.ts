import { problemSchema, type Problem } from '#contracts';
import type { Answer } from '#testing';
import { expect } from '@jest/globals';
import type { z } from 'zod';

/** Parses by the contract's own schema, and fails where the answer holds a member that the schema does not know. */
export function exactly<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.parse(value);
  expect(value).toEqual(parsed);
  return parsed;
}

/** Every problem document is whole and of its own media type, and says the request id that its header says. */
export function problemOf(answer: Answer): Problem {
  const { status, headers, body } = answer;
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json\b/);
  const problem = exactly(problemSchema.strict(), body);
  expect(problem.status).toBe(status);
  expect(problem.requestId).toBe(headers.get('x-request-id'));
  for (const text of [problem.type, problem.title, problem.code, problem.detail, problem.requestId]) {
    expect(text).not.toBe('');
  }
  return problem;
}

/** Fails where the answer is not this problem. */
export function expectProblem(answer: Answer, status: number, code: string): Problem {
  expect({ status: answer.status, code: (answer.body as Partial<Problem>).code }).toEqual({ status, code });
  return problemOf(answer);
}
