import { pino, type DestinationStream, type Logger } from 'pino';
import type { LogLevel } from './config.js';
import { serializeError } from './serialized-error.js';

export type Log = Logger;

export interface LogOptions {
  level: LogLevel;
  service: string;
  /** Id of the Docker host, where the process belongs to one. */
  node?: string;
}

const SECRET_NAMES = [
  'authorization',
  'cookie',
  'token',
  'secret',
  'env',
  'apiKey',
  'secretKey',
  'password',
  '["set-cookie"]',
  '["x-api-key"]',
];
/** pino's wildcards stand for exactly one level, so each depth that occurs is named. */
const DEPTHS = ['', '*', '*.*', '*.*.*'];
const REDACTED = DEPTHS.flatMap((at) =>
  SECRET_NAMES.map((name) => (at && !name.startsWith('[') ? `${at}.${name}` : at + name)),
);

/** JSON lines on stdout, or on `destination`. Ids and figures go in the object, prose in the message. */
export function createLogger({ level, service, node }: LogOptions, destination?: DestinationStream): Log {
  const options = {
    level,
    base: node === undefined ? { service } : { service, node },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: serializeError, error: serializeError, cause: serializeError },
    redact: { paths: REDACTED, censor: '[redacted]' },
  };
  return destination ? pino(options, destination) : pino(options);
}
