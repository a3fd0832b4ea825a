import type { FoundEngine } from '../engines/dockerd.js';

/** What a person needs next, and nothing else. */
export function welcome(facts: {
  say: (line: string) => void;
  url: string;
  apiKey: string;
  dataDir: string;
  engine: FoundEngine;
  embedded: boolean;
  ms: number;
}): void {
  const { say, url, apiKey, dataDir, engine, embedded, ms } = facts;
  const postgres = embedded ? `Postgres (embedded, ${dataDir}/postgres)` : 'Postgres (DATABASE_URL)';
  const queue = process.env['REDIS_URL']?.trim() ? 'BullMQ on Redis' : 'BullMQ on Postgres';
  say(`
Berth is ready after ${(ms / 1000).toFixed(1)} s.

  Console  ${url}/#key=${encodeURIComponent(apiKey)}
  API      ${url}, its documentation at ${url}/docs
  API key  ${apiKey}
  Uses     ${postgres}, ${queue}, Docker ${engine.version} (${engine.host})
  Logs     ${dataDir}/logs

Create a bot's container and start it:

  curl -sS -X POST ${url}/v1/bots/alice/container -H 'Authorization: Bearer ${apiKey}' -H 'Content-Type: application/json' -d '{"start":true}'

Ctrl-C stops Berth; the containers live on.`);
}
