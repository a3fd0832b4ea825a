import type { ContainerView, EventView } from '#contracts';
import { expect, test } from '@jest/globals';
import type { FastifyReply } from 'fastify';
import { PassThrough } from 'node:stream';
import type { Connections } from '../live/connections.js';
import { EventStream } from '../live/sse.js';

test('events have their cursor as id, a reset has one where it may be resumed at, progress has none', () => {
  const raw = new PassThrough();
  const connections = { add: () => () => undefined } as unknown as Connections;
  const { sink } = new EventStream({ raw } as unknown as FastifyReply, connections, null);
  sink.event({ cursor: '7-1', botId: 'a', version: 3 } as EventView);
  sink.reset('a', { botId: 'a', version: 3 } as ContainerView, null);
  sink.reset('b', { botId: 'b', version: 5 } as ContainerView, '8-2');
  sink.progress({ botId: 'a', operationId: 'x', phase: 'pulling', percent: 1, detail: null });
  expect(String(raw.read())).toBe(
    [
      'id: 7-1\ndata: {"cursor":"7-1","botId":"a","version":3}\n\n',
      'event: reset\ndata: {"botId":"a","container":{"botId":"a","version":3}}\n\n',
      'event: reset\nid: 8-2\ndata: {"botId":"b","container":{"botId":"b","version":5}}\n\n',
      'event: progress\ndata: {"botId":"a","operationId":"x","phase":"pulling","percent":1,"detail":null}\n\n',
    ].join(''),
  );
  raw.destroy();
});
