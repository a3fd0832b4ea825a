import { BerthConnectionError, BerthError, type ErrorParts } from './errors.js';
import type { Http } from './http.js';
import type { CallOptions, ChangeOptions } from './options.js';
import { readStream } from './sse.js';
import type { Exec, ExecResult } from './types.js';

/** What a command says while it runs; `exit` is the last. */
export type ExecEvent =
  | { type: 'stdout' | 'stderr'; data: string }
  | { type: 'exit'; exitCode: number; timedOut: boolean; durationMs: number };

/**
 * Runs a command and answers when it has ended. It is not sent again when the connection breaks, since nobody knows
 * how far it has come; only when it was refused before it began.
 *
 * @internal
 */
export function runCommand(http: Http, botId: string, body: Exec, options?: ChangeOptions): Promise<ExecResult> {
  return http.json('exec', 'POST', '/v1/bots/:botId/exec', { params: { botId }, body, options, repeat: 'refused' });
}

/**
 * The same, its output told as it is written. The command ends with whoever reads.
 *
 * @internal
 */
export async function* streamCommand(
  http: Http,
  botId: string,
  body: Exec,
  { signal }: CallOptions = {},
): AsyncGenerator<ExecEvent, void, undefined> {
  const open = (within: AbortSignal): Promise<Response> =>
    http.open('exec', 'POST', '/v1/bots/:botId/exec', {
      params: { botId },
      body,
      repeat: 'refused',
      headers: { accept: 'text/event-stream' },
      options: { signal: within },
    });
  for await (const { event, data } of readStream(open, { signal })) {
    if (data === null) continue;
    if (event === 'stdout' || event === 'stderr') yield { type: event, ...(JSON.parse(data) as { data: string }) };
    if (event === 'error') throw new BerthError(JSON.parse(data) as ErrorParts);
    if (event !== 'exit') continue;
    yield { type: event, ...(JSON.parse(data) as { exitCode: number; timedOut: boolean; durationMs: number }) };
    return;
  }
  throw new BerthConnectionError('The stream broke off before the command has ended.');
}
