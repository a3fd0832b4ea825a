import { afterAll, beforeAll, describe } from '@jest/globals';
import { keys } from './access/keys.js';
import { matrix } from './access/matrix.js';
import { sockets } from './access/sockets.js';
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

describe('every call', () => matrix(system));
describe('keys', () => keys(system));
describe('sockets', () => sockets(system));
