import type { Readable } from 'node:stream';
import type { EngineConnection } from './engine-connection.js';
import { OWNER_LABEL } from './engine-owner.js';
import { RuntimeFailure } from './failure.js';
import { PART_LABEL, type ImageStore } from './image-store.js';
import { readJsonLines } from './json-lines.js';
import { Making } from './making.js';

/** Sends a tar as an image of one layer, still without a name. Answers with its id. */
export function beginImport(
  engine: EngineConnection,
  store: ImageStore,
  tar: Readable,
  labels: Record<string, string>,
): Making<string> {
  const changes = Object.entries({
    ...labels,
    [OWNER_LABEL]: store.owner,
    [PART_LABEL]: new Date().toISOString(),
  }).map(labelChange);
  let sent = false;
  tar.once('end', () => (sent = true));
  const send = async (abortSignal: AbortSignal): Promise<string> => {
    try {
      const options = { _query: { fromSrc: '-', changes }, abortSignal };
      return await readAnswer((await engine.docker.importImage(tar, options as object)) as Readable);
    } finally {
      tar.destroy();
    }
  };
  return new Making(
    send,
    (id) => store.discard(id),
    () => sent,
  );
}

/** The id is the last status; a failure after the headers is a line, too. */
async function readAnswer(answer: Readable): Promise<string> {
  let id = '';
  for await (const line of readJsonLines(answer)) {
    if (typeof line['error'] === 'string') throw new Error(line['error']);
    if (typeof line['status'] === 'string') id = line['status'].trim();
  }
  if (id.startsWith('sha256:')) return id;
  throw new RuntimeFailure('docker_error', 'The engine made no image.', { retryable: true });
}

/** A line of a Dockerfile. */
export function labelChange([name, value]: [string, string]): string {
  return `LABEL ${quote(name)}=${quote(value)}`;
}

function quote(text: string): string {
  if ([...text].some((char) => char < ' ')) throw new TypeError('A label holds a control character.');
  return `"${text.replace(/[\\"$]/g, '\\$&')}"`;
}
