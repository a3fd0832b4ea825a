import {
  archiveQuery,
  contentQuery,
  directoryBody,
  directorySchema,
  fileDeleteQuery,
  fileList,
  fileListQuery,
  moveBody,
  movedSchema,
  unpackedSchema,
  writeQuery,
  writtenSchema,
} from '../files.js';
import type { ProblemCode } from '../problem.js';
import { bot, define } from './route.js';

const scope = { scope: 'workspace:files' } as const;
const files = '/v1/bots/:botId/files';
/** What every call for files may be told. */
const INSIDE = [
  'bot_not_found',
  'container_not_found',
  'container_not_running',
  'node_unavailable',
  'image_lacks_program',
  'quota_exceeded',
  'file_not_found',
  'file_conflict',
] as const satisfies ProblemCode[];
const WRITING = [...INSIDE, 'disk_full'] as const satisfies ProblemCode[];

const needs = (programs: string): string => `The image must have \`sh\` and ${programs}.`;

export const fileRoutes = {
  listFiles: define('listFiles', {
    method: 'GET',
    path: files,
    summary: 'List a directory, page by page',
    description: needs('`stat`, and `readlink` for the targets of links'),
    tag: 'Workspace',
    access: scope,
    params: bot,
    query: fileListQuery,
    answers: { 200: fileList },
    problems: [...INSIDE],
  }),
  readFile: define('readFile', {
    method: 'GET',
    path: `${files}/content`,
    summary: 'Read a file, or one range of it',
    description: needs('`stat` and `cat`, and `dd` for a range'),
    tag: 'Workspace',
    access: scope,
    params: bot,
    query: contentQuery,
    answers: { 200: 'application/octet-stream', 206: 'application/octet-stream' },
    problems: [...INSIDE, 'range_not_satisfiable'],
  }),
  writeFile: define('writeFile', {
    method: 'PUT',
    path: `${files}/content`,
    summary: 'Write a file, whole or not at all',
    description:
      'The body is the file, of any type and size. It appears at its path when all of it has arrived, with the mode ' +
      'and the owner of the file that it replaces; a new one belongs to the owner of its directory, which is made ' +
      `where it is missing. A link is followed. ${needs('`stat`, `cat`, `tail`, `dd` and `mv`')}`,
    tag: 'Workspace',
    access: scope,
    params: bot,
    query: writeQuery,
    upload: 'application/octet-stream',
    answers: { 201: writtenSchema, 200: writtenSchema },
    problems: [...WRITING, 'payload_too_large'],
  }),
  createDirectory: define('createDirectory', {
    method: 'POST',
    path: `${files}/directories`,
    summary: 'Make a directory and those above it; 200 where it is there',
    description: needs('`stat` and `mkdir`'),
    tag: 'Workspace',
    access: scope,
    params: bot,
    body: directoryBody,
    answers: { 201: directorySchema, 200: directorySchema },
    problems: [...WRITING],
  }),
  moveFile: define('moveFile', {
    method: 'POST',
    path: `${files}/move`,
    summary: 'Move a file, a directory or a link; a file at the other end is replaced, a directory is not',
    description: needs('`stat` and `mv`'),
    tag: 'Workspace',
    access: scope,
    params: bot,
    body: moveBody,
    answers: { 200: movedSchema },
    problems: [...WRITING],
  }),
  deleteFile: define('deleteFile', {
    method: 'DELETE',
    path: files,
    summary: 'Delete a file, a link or an empty directory; with `recursive=true`, any directory',
    description: needs('`rm` and `rmdir`'),
    tag: 'Workspace',
    access: scope,
    params: bot,
    query: fileDeleteQuery,
    answers: { 204: null },
    problems: [...INSIDE],
  }),
  readArchive: define('readArchive', {
    method: 'GET',
    path: `${files}/archive`,
    summary: 'Read a file or a directory as a tar, its name being that of the first entry',
    description: `A link is put into it as a link. ${needs('`tar`')}`,
    tag: 'Workspace',
    access: scope,
    params: bot,
    query: archiveQuery,
    answers: { 200: 'application/x-tar' },
    problems: [...INSIDE],
  }),
  writeArchive: define('writeArchive', {
    method: 'PUT',
    path: `${files}/archive`,
    summary: 'Unpack a tar under a directory, whole or not at all',
    description:
      'The body is an uncompressed tar of files, directories and links. It is unpacked aside while it is checked, and ' +
      'moved into place when all of it has arrived: into the directory, or to be it where there is none. Refused are ' +
      'absolute names and `..`, devices, links that point out of it, files through links, and more than 1,000,000 ' +
      `entries. ${needs('`tar`, `stat`, `mkdir`, `mv` and `rm`')}`,
    tag: 'Workspace',
    access: scope,
    params: bot,
    query: archiveQuery,
    upload: 'application/x-tar',
    answers: { 201: unpackedSchema, 200: unpackedSchema },
    problems: [...WRITING],
  }),
};
