import { z } from 'zod';
import { botId, text } from '../fields.js';
import { taskCreateBody, taskEndQuery, taskListQuery, taskLogsQuery, taskPage, taskSchema } from '../task.js';
import { bot, define, read } from './route.js';

const exec = { scope: 'workspace:exec' } as const;
const tasks = '/v1/bots/:botId/tasks';
const task = z.strictObject({ botId, id: text(64) });
const INSIDE = ['bot_not_found', 'container_not_found', 'container_not_running', 'node_unavailable'] as const;

export const taskRoutes = {
  createTask: define('createTask', {
    method: 'POST',
    path: tasks,
    summary: 'Start a command in the background; it goes on until it ends, is ended, or its container is',
    tag: 'Workspace',
    access: exec,
    params: bot,
    body: taskCreateBody,
    answers: { 201: taskSchema },
    problems: [...INSIDE, 'file_not_found', 'image_lacks_program', 'quota_exceeded'],
  }),
  listTasks: define('listTasks', {
    method: 'GET',
    path: tasks,
    summary: "List a bot's tasks, newest first: those that run, and the last 100 that have ended",
    tag: 'Workspace',
    access: read,
    params: bot,
    query: taskListQuery,
    answers: { 200: taskPage },
    problems: ['bot_not_found'],
  }),
  getTask: define('getTask', {
    method: 'GET',
    path: `${tasks}/:id`,
    summary: 'A task',
    tag: 'Workspace',
    access: read,
    params: task,
    answers: { 200: taskSchema },
    problems: ['bot_not_found', 'task_not_found'],
  }),
  taskLogs: define('taskLogs', {
    method: 'GET',
    path: `${tasks}/:id/logs`,
    summary: 'What it wrote on both its outputs: as text, or as a stream with `follow=true`',
    description: 'The end of a long output is kept: the last 8,192 writes at least, and at most 16 MiB.',
    tag: 'Workspace',
    access: exec,
    params: task,
    query: taskLogsQuery,
    answers: { 200: 'text/plain' },
    stream: { messages: '`stdout`, a line of output each; `end` when the task has ended', resumes: false },
    problems: [...INSIDE, 'task_not_found', 'image_lacks_program'],
  }),
  endTask: define('endTask', {
    method: 'DELETE',
    path: `${tasks}/:id`,
    summary: 'End it: a signal to all its processes, and after 10 s KILL; answers with the ended task',
    tag: 'Workspace',
    access: exec,
    params: task,
    query: taskEndQuery,
    answers: { 200: taskSchema },
    problems: [...INSIDE, 'task_not_found'],
  }),
};
