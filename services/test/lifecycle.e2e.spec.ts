import { afterAll, beforeAll, describe } from '@jest/globals';
import { data } from './lifecycle/data.js';
import { isolation } from './lifecycle/isolation.js';
import { live } from './lifecycle/live.js';
import { observing } from './lifecycle/observing.js';
import { requests } from './lifecycle/requests.js';
import { rules } from './lifecycle/rules.js';
import { truth } from './lifecycle/truth.js';
import { verbs } from './lifecycle/verbs.js';
import { startSystem, type System } from './support/system.js';

describe.each(['postgres', 'redis'] as const)('a bot’s life, with queues in %s', (queue) => {
  let running: System | undefined;
  const system = (): System => {
    if (!running) throw new Error('the system is not up');
    return running;
  };
  beforeAll(async () => {
    // More than any machine has, so that its size is the bound.
    running = await startSystem({ queue, env: { BERTH_MAX_CPUS: '1024' } });
  });
  afterAll(() => running?.stop());

  describe('verbs', () => verbs(system));
  describe('data', () => data(system));
  describe('truth', () => truth(system));
  describe('rules', () => rules(system));
  describe('requests', () => requests(system));
  describe('live', () => live(system));
  describe('observing', () => observing(system));
  describe('isolation', () => isolation(system));
});
