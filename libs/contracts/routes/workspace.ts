import { execBody, execResultSchema } from '../workspace.js';
import { bot, define } from './route.js';

const exec = { scope: 'workspace:exec' } as const;
const workspace = '/v1/bots/:botId';
/** What every call into a running container may be told. */
const INSIDE = ['bot_not_found', 'container_not_found', 'container_not_running', 'node_unavailable'] as const;

export const workspaceRoutes = {
  exec: define('exec', {
    method: 'POST',
    path: `${workspace}/exec`,
    summary: 'Run a command and wait for its end; as a stream, output comes as it is written',
    description:
      'The command ends with its caller: when the connection closes or its time is up, it is killed with all that it ' +
      'has begun. What it leaves behind when it ends by itself goes on; use a task for what is meant to.',
    tag: 'Workspace',
    access: exec,
    params: bot,
    body: execBody,
    answers: { 200: execResultSchema },
    stream: {
      messages:
        '`stdout` and `stderr` with `{"data": "..."}`, then `exit` with `{exitCode, timedOut, durationMs}`, or `error` with `{code, detail}`',
      resumes: false,
    },
    problems: [...INSIDE, 'file_not_found', 'image_lacks_program', 'quota_exceeded'],
  }),
};
