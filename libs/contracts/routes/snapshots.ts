import { z } from 'zod';
import { botId, text } from '../fields.js';
import {
  snapshotCreateBody,
  snapshotListQuery,
  snapshotPage,
  snapshotRestoreBody,
  snapshotSchema,
} from '../snapshot.js';
import { accepted, bot, define, read } from './route.js';

const snapshotsWrite = { scope: 'snapshots:write' } as const;
const snapshots = '/v1/bots/:botId/snapshots';
const snapshot = z.strictObject({ botId, id: text(64) });

export const snapshotRoutes = {
  listSnapshots: define('listSnapshots', {
    method: 'GET',
    path: snapshots,
    summary: "List a bot's snapshots, newest first; they outlive its container",
    tag: 'Snapshots',
    access: read,
    params: bot,
    query: snapshotListQuery,
    answers: { 200: snapshotPage },
    problems: ['bot_not_found'],
  }),
  getSnapshot: define('getSnapshot', {
    method: 'GET',
    path: `${snapshots}/:id`,
    summary: 'A snapshot',
    tag: 'Snapshots',
    access: read,
    params: snapshot,
    answers: { 200: snapshotSchema },
    problems: ['bot_not_found', 'snapshot_not_found'],
  }),
  createSnapshot: define('createSnapshot', {
    method: 'POST',
    path: snapshots,
    summary: 'Take a snapshot: of the root filesystem and the data, or of the root filesystem alone',
    tag: 'Snapshots',
    access: snapshotsWrite,
    params: bot,
    body: snapshotCreateBody,
    answers: accepted,
    problems: ['bot_not_found', 'invalid_transition', 'name_taken', 'version_mismatch', 'quota_exceeded'],
  }),
  restoreSnapshot: define('restoreSnapshot', {
    method: 'POST',
    path: `${snapshots}/:id/restore`,
    summary: 'Bring a snapshot back in place; what is there is kept in a safety snapshot, unless that is refused',
    tag: 'Snapshots',
    access: snapshotsWrite,
    params: snapshot,
    body: snapshotRestoreBody,
    answers: accepted,
    problems: [
      'bot_not_found',
      'snapshot_not_found',
      'snapshot_busy',
      'invalid_transition',
      'version_mismatch',
      'quota_exceeded',
    ],
  }),
  deleteSnapshot: define('deleteSnapshot', {
    method: 'DELETE',
    path: `${snapshots}/:id`,
    summary: 'Delete a snapshot, anywhere in the tree; its children move to its parent',
    tag: 'Snapshots',
    access: snapshotsWrite,
    params: snapshot,
    answers: accepted,
    problems: ['bot_not_found', 'snapshot_not_found', 'snapshot_busy', 'version_mismatch', 'quota_exceeded'],
  }),
};
