import { afterAll, beforeAll, describe } from '@jest/globals';
import { startSystem, type System } from './support/system.js';
import { ends } from './terminal/ends.js';
import { flow } from './terminal/flow.js';
import { refusals } from './terminal/refusals.js';
import { use } from './terminal/use.js';

describe('terminals', () => {
  let running: System | undefined;
  const system = (): System => {
    if (!running) throw new Error('the system is not up');
    return running;
  };
  beforeAll(async () => {
    running = await startSystem();
  });
  afterAll(() => running?.stop());

  describe('use', () => use(system));
  describe('refusals', () => refusals(system));
  describe('flow', () => flow(system));
  describe('ends', () => ends(system));
});
