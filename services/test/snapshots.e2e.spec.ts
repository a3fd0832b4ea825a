import { afterAll, beforeAll, describe } from '@jest/globals';
import { forks } from './snapshots/forks.js';
import { refusals } from './snapshots/refusals.js';
import { restores } from './snapshots/restores.js';
import { taking } from './snapshots/taking.js';
import { tree } from './snapshots/tree.js';
import { startSystem, type System } from './support/system.js';

describe('snapshots', () => {
  let running: System | undefined;
  const system = (): System => {
    if (!running) throw new Error('the system is not up');
    return running;
  };
  beforeAll(async () => {
    running = await startSystem();
  });
  afterAll(() => running?.stop());

  describe('taking', () => taking(system));
  describe('restores', () => restores(system));
  describe('tree', () => tree(system));
  describe('forks', () => forks(system));
  describe('refusals', () => refusals(system));
});
