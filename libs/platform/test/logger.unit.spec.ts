import { describe, expect, it } from '@jest/globals';
import { createLogger, NestLog, type Log } from '../index.js';

function capture(): { log: Log; lines: () => Record<string, unknown>[]; text: () => string } {
  const written: string[] = [];
  const log = createLogger(
    { level: 'trace', service: 'api', node: 'n1' },
    { write: (line) => void written.push(line) },
  );
  return {
    log,
    text: () => written.join(''),
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

describe('createLogger', () => {
  it('writes JSON lines with level, time, service and node', () => {
    const { log, lines } = capture();
    log.info({ operationId: 'o1' }, 'accepted');
    expect(lines()).toEqual([
      { level: 'info', time: expect.any(String), service: 'api', node: 'n1', operationId: 'o1', msg: 'accepted' },
    ]);
  });

  it('shows no secret, at any depth that occurs', () => {
    const { log, text } = capture();
    const secrets = { authorization: 's3cr', cookie: 's3cr', token: 's3cr', secret: 's3cr', env: { A: 's3cr' } };
    const more = { apiKey: 's3cr', 'x-api-key': 's3cr', 'set-cookie': ['s3cr'], password: 's3cr', secretKey: 's3cr' };
    const all = { ...secrets, ...more };
    log.info(all, 'flat');
    log.info({ headers: all }, 'one down');
    log.info({ req: { headers: all } }, 'two down');
    log.child({ bot: all }).info({ a: { b: { headers: all } } }, 'three down');
    expect(text()).not.toContain('s3cr');
    expect(text()).toContain('[redacted]');
  });

  it('leaves the logged object as it was', () => {
    const { log } = capture();
    const given = { headers: { authorization: 'kept' } };
    log.info(given, 'x');
    expect(given.headers.authorization).toBe('kept');
  });

  it('serialises an error with its causes, and nothing that a driver hung on it', () => {
    const { log, lines, text } = capture();
    const inner = Object.assign(new Error('no route'), { code: 'EHOSTUNREACH', command: { args: ['p4ss'] } });
    log.error({ err: new TypeError('outer', { cause: new AggregateError([inner], 'all failed') }) }, 'failed');
    log.error(inner);
    expect(lines()[0]).toMatchObject({
      msg: 'failed',
      err: {
        type: 'TypeError',
        message: 'outer',
        stack: expect.stringContaining('TypeError: outer'),
        cause: { type: 'AggregateError', errors: [{ message: 'no route', code: 'EHOSTUNREACH' }] },
      },
    });
    expect(lines()[1]).toMatchObject({ msg: 'no route', err: { code: 'EHOSTUNREACH' } });
    expect(text()).not.toContain('p4ss');
  });

  it('survives an error that is its own cause', () => {
    const { log, lines } = capture();
    const error = new Error('loop');
    error.cause = error;
    log.error({ err: error }, 'x');
    expect(lines()).toHaveLength(1);
  });
});

describe('NestLog', () => {
  it("writes NestJS's calls to the log, with their context", () => {
    const { log, lines } = capture();
    const nest = new NestLog(log);
    nest.log('mapped', 'RouterExplorer');
    nest.warn('careful');
    nest.error('broke', 'Error: broke\n    at x.js:1', 'Exceptions');
    nest.error(new Error('thrown'), undefined, 'Exceptions');
    nest.verbose({ a: 1 }, 'X');
    expect(lines()).toMatchObject([
      { level: 'info', msg: 'mapped', context: 'RouterExplorer' },
      { level: 'warn', msg: 'careful' },
      { level: 'error', msg: 'broke', context: 'Exceptions', stack: 'Error: broke\n    at x.js:1' },
      { level: 'error', msg: 'thrown', context: 'Exceptions', err: { message: 'thrown' } },
      { level: 'trace', message: { a: 1 }, context: 'X' },
    ]);
  });
});
