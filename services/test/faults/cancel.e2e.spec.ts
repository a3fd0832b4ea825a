import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestBed } from './bed.js';
import { DockerProxy, type Call } from './docker-proxy.js';
import { expectTruth } from './truth.js';

let bed: TestBed;
let docker: DockerProxy;

beforeAll(async () => {
  docker = await DockerProxy.start();
  bed = await TestBed.start({ dockerHost: docker.host });
});

afterAll(async () => {
  await bed?.stop().finally(() => docker?.close());
});

const creates = ({ method, path }: Call): boolean => method === 'POST' && path.includes('/containers/create');
const starts = ({ method, path }: Call): boolean => method === 'POST' && /\/containers\/\w+\/start/.test(path);

describe.each([
  ['the start that it ends with', true, starts, 'succeeded', 'running'],
  ['all that it was to make', false, creates, 'succeeded', 'stopped'],
  ['the container that it was to start', true, creates, 'cancelled', 'stopped'],
] as const)('a create cancelled when the engine has done %s, and has not answered', (_, start, call, status, state) => {
  it(`is ${status}, and what there is is told with its end: ${state}`, async () => {
    const bot = bed.bot(`${status}-${state}`);
    const held = docker.hold(call, 'after');
    const { id } = await bed.accept(bot, 'create', { start });
    await held.reached();
    expect((await bed.http.post(`/v1/operations/${id}/cancel`)).status).toBe(200);
    expect((await bed.ended(id)).status).toBe(status);
    // At once, and not when somebody comes by to look.
    const { status: told, containerId } = await bed.view(bot);
    expect({ told, made: typeof containerId }).toEqual({ told: state, made: 'string' });
    held.release();
    await expectTruth(bed, bot, state);
    expect(bed.engine.count(bot, 'create')).toBe(1);
    await bed.succeeds((await bed.accept(bot, 'delete')).id);
    await expectTruth(bed, bot, 'absent');
  });
});
