import type { Problem } from '#contracts';
import type { HttpClient } from '#testing';
import { expectProblem } from '../support/exact.js';

/** Sends a request as it is, and expects what every malformed one is answered. */
export async function refuses(
  http: HttpClient,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Problem> {
  return expectProblem(await http.request(method, path, { body, headers }), 400, 'validation_failed');
}

/** Where the faults are that a problem names. */
export function pathsOf(problem: Problem): string[] {
  return problem.errors?.map(({ path }) => path) ?? [];
}
