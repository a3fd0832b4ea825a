import { emptyBody } from '../container.js';
import { operationGetQuery, operationListQuery, operationPage, operationSchema } from '../operation.js';
import { byId, define, read, write } from './route.js';

export const operationRoutes = {
  listOperations: define('listOperations', {
    method: 'GET',
    path: '/v1/operations',
    summary: 'List operations, newest first',
    tag: 'Operations',
    access: read,
    query: operationListQuery,
    answers: { 200: operationPage },
  }),
  getOperation: define('getOperation', {
    method: 'GET',
    path: '/v1/operations/:id',
    summary: 'An operation; with `wait`, answers when it has ended or the seconds are over',
    tag: 'Operations',
    access: read,
    params: byId,
    query: operationGetQuery,
    answers: { 200: operationSchema },
    problems: ['operation_not_found'],
  }),
  cancelOperation: define('cancelOperation', {
    method: 'POST',
    path: '/v1/operations/:id/cancel',
    summary:
      'Cancel: a waiting one ends at once, a running one as soon as it can, unless it has done its work by then; an ended ' +
      'one stays as it is',
    tag: 'Operations',
    access: write,
    params: byId,
    body: emptyBody,
    answers: { 200: operationSchema },
    problems: ['operation_not_found'],
  }),
};
