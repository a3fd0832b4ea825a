import { type OPERATION_ERROR_CODES } from '#domain';
import { z } from 'zod';

/** What is true of a code wherever it appears. `hint` tells the caller what to do. */
export interface CatalogueEntry {
  status: number;
  title: string;
  retryable: boolean;
  hint: string;
}

const entry = (status: number, title: string, hint: string, retryable = false): CatalogueEntry => ({
  status,
  title,
  retryable,
  hint,
});

/** Every code that a problem document may carry. Clients branch on the code alone. */
export const CATALOGUE = {
  validation_failed: entry(400, 'The request is malformed', 'Mend what `errors` names and send it again.'),
  unauthenticated: entry(
    401,
    'No valid credentials',
    'Send `Authorization: Bearer <API key>` with a key that is alive.',
  ),
  forbidden: entry(403, 'The key lacks a scope', 'Use a key that has the scope named in `detail`.'),
  route_not_found: entry(404, 'No such call', 'See /docs for the calls there are.'),
  bot_not_found: entry(404, 'No such bot', 'Create its container first.'),
  container_not_found: entry(404, 'The bot has no container', 'Create its container first.'),
  snapshot_not_found: entry(404, 'No such snapshot', "See the bot's snapshots for those there are."),
  task_not_found: entry(404, 'No such task', "See the bot's tasks for those there are."),
  file_not_found: entry(404, 'No such file or directory', 'Check the path inside the container.'),
  operation_not_found: entry(404, 'No such operation', 'Check the id; ended operations are kept for a limited time.'),
  terminal_not_found: entry(404, 'No such terminal', 'It has ended, or belongs to another socket: open a new one.'),
  node_not_found: entry(404, 'No such node', 'See GET /v1/nodes for the nodes there are.'),
  api_key_not_found: entry(404, 'No such API key', 'See GET /v1/api-keys for the keys there are.'),
  file_conflict: entry(409, 'Something else is at the path', 'Do what `detail` says, or choose another path.'),
  invalid_transition: entry(409, 'Not possible in this state', 'Send one of the commands named in `allowed`.'),
  name_taken: entry(409, 'The name is taken', 'Choose another name.'),
  snapshot_busy: entry(409, 'The snapshot is in use', 'Wait for the operation that uses it, then try again.', true),
  idempotency_in_progress: entry(409, 'The first request still runs', 'Wait a moment and send it again.', true),
  image_lacks_program: entry(
    409,
    "The container's image lacks a program",
    'Use an image that has the program named in `detail`.',
  ),
  container_not_running: entry(409, 'The container does not run', 'Start it first.'),
  version_mismatch: entry(412, 'It has changed meanwhile', 'Read it again and decide anew.'),
  payload_too_large: entry(
    413,
    'The body is too large',
    'Send at most 256 KiB, or as an upload at most what `detail` says.',
  ),
  range_not_satisfiable: entry(416, 'The range begins beyond the end', 'Ask for a range within the file.'),
  idempotency_key_reused: entry(
    422,
    'The key belongs to another request',
    'Use a new Idempotency-Key for a new request.',
  ),
  quota_exceeded: entry(429, 'A quota is used up', 'Wait for what is under way, or ask for a larger quota.', true),
  internal_error: entry(500, 'Something went wrong here', 'Try again; if it stays, report the request id.', true),
  no_capacity: entry(
    503,
    'No node has room',
    'Ask for less, delete containers that are not needed, or add a node.',
    true,
  ),
  node_unavailable: entry(503, 'The node does not answer', 'Try again when it is back.', true),
  unavailable: entry(
    503,
    'The database does not answer',
    'Nothing was changed, or it can be asked again with its Idempotency-Key.',
    true,
  ),
  disk_full: entry(507, 'The disk is full', 'Delete what is not needed in the container or on its node.'),
} satisfies Record<string, CatalogueEntry>;

export type ProblemCode = keyof typeof CATALOGUE;

/** What an operation's `error.code` says, and what to do about it. */
export const OPERATION_ERRORS: Record<(typeof OPERATION_ERROR_CODES)[number], string> = {
  image_not_found: 'The registry has no such image, or does not show it to this node. Check the name and tag.',
  image_pull_failed: "The image could not be fetched. Check the node's way to the registry.",
  docker_unavailable: "The node's Docker Engine did not answer. It is tried again when it is back.",
  docker_error: 'The Docker Engine refused. The log of the worker has its words under the operation id.',
  disk_full: "The node's disk is full. Remove what is not needed on it.",
  deadline_exceeded: 'It did not end in the time it has.',
  attempts_exhausted: 'It was tried as often as it may be.',
  predecessor_failed: 'An operation before it ended so that this one became impossible.',
  cancelled: 'Somebody cancelled it, or a delete superseded it.',
  node_lost: 'Its node is gone for good.',
  start_failed: 'The main process did not come up or ended at once. Check the command.',
};

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string(),
    requestId: z.string(),
    retryable: z.boolean(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    /** Of `invalid_transition`: what the container is (`status` is HTTP's own), and what may be asked of it. */
    containerStatus: z.string().optional(),
    allowed: z.array(z.string()).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem document' });

export type Problem = z.infer<typeof problemSchema>;
