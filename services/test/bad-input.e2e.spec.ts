import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { addresses } from './bad-input/addresses.js';
import { bodies } from './bad-input/bodies.js';
import { headers } from './bad-input/headers.js';
import { impossible } from './bad-input/impossible.js';
import { startSystem, type System } from './support/system.js';

let running: System | undefined;
const system = (): System => {
  if (!running) throw new Error('the system is not up');
  return running;
};
beforeAll(async () => {
  running = await startSystem();
});
afterAll(() => running?.stop());

describe('bodies', () => bodies(system));
describe('addresses', () => addresses(system));
describe('headers', () => headers(system));
describe('containers that cannot be', () => impossible(system));

describe('after all of it', () => {
  test('nothing was an error of ours', async () => {
    const { body } = await system().http.get('/metrics');
    const failed = (body as string).split('\n').filter((line) => /status="5\d\d"/.test(line));
    expect(failed).toEqual([]);
    expect(system().services.api.logs()).not.toMatch(/"level":"(error|fatal)"/);
  });
});
