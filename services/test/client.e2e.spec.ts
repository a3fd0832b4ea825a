import { afterAll, beforeAll, describe } from '@jest/globals';
import { following } from './client/following.js';
import { packaged } from './client/package.js';
import { surface } from './client/surface.js';
import { startSystem, type System } from './support/system.js';

describe('the client', () => {
  let running: System | undefined;
  const system = (): System => {
    if (!running) throw new Error('the system is not up');
    return running;
  };
  beforeAll(async () => {
    running = await startSystem();
  });
  afterAll(() => running?.stop());

  describe('every call', () => surface(system));
  describe('the package', () => packaged(system));
  describe('following', () => following(system));
});
