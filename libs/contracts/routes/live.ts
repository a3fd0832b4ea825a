import { botEventsQuery, eventPage, tenantEventsQuery } from '../event.js';
import { bot, define, read } from './route.js';

const stream = {
  messages:
    'messages without a name are events, their id being the cursor; `progress` and `reset` are named. A stream that begins ' +
    'with what happens next says first where that is, in an `id` without data',
  resumes: true,
};

export const liveRoutes = {
  botEvents: define('botEvents', {
    method: 'GET',
    path: '/v1/bots/:botId/events',
    summary: "A bot's events in order: pages, or a stream with `Accept: text/event-stream`",
    tag: 'Live',
    access: read,
    params: bot,
    query: botEventsQuery,
    answers: { 200: eventPage },
    stream,
    problems: ['bot_not_found'],
  }),
  tenantEvents: define('tenantEvents', {
    method: 'GET',
    path: '/v1/events',
    summary: "The tenant's events in order: pages, or a stream with `Accept: text/event-stream`",
    tag: 'Live',
    access: read,
    query: tenantEventsQuery,
    answers: { 200: eventPage },
    stream,
  }),
};
