import type { Log } from './logger.js';

/** NestJS's LoggerService over the process's log; structural, so that this library does not import NestJS. */
export class NestLog {
  constructor(private readonly target: Log) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write('info', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }
  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }
  /** NestJS hands over `(message, stack, context)`, either of the last two possibly missing. */
  error(message: unknown, ...rest: unknown[]): void {
    const stack = rest.find((value) => typeof value === 'string' && value.includes('\n    at '));
    this.write(
      'error',
      message,
      rest.filter((value) => value !== stack),
      stack,
    );
  }

  private write(
    level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal',
    message: unknown,
    rest: unknown[],
    stack?: unknown,
  ) {
    // The last string is the context by NestJS's convention: the class that logs.
    const last = rest.at(-1);
    const fields: Record<string, unknown> = typeof last === 'string' ? { context: last } : {};
    const details = (typeof last === 'string' ? rest.slice(0, -1) : rest).filter((value) => value !== undefined);
    if (details.length > 0) fields['details'] = details;
    if (stack !== undefined) fields['stack'] = stack;
    if (message instanceof Error) this.target[level]({ ...fields, err: message }, message.message);
    else if (typeof message === 'string') this.target[level](fields, message);
    else this.target[level]({ ...fields, message }, 'nest');
  }
}
