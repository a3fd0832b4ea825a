import { afterAll, beforeAll, describe } from '@jest/globals';
import { startSystem, type System } from '../support/system.js';
import { data } from './data.js';
import { isolation } from './isolation.js';
import { live } from './live.js';
import { observing } from './observing.js';
import { requests } from './requests.js';
import { rules } from './rules.js';
import { truth } from './truth.js';
import { verbs } from './verbs.js';

/** All of a bot's life, on one of the two stores for queues. A spec for each, so that they run side by side. */
export function life(queue: 'postgres' | 'redis'): void {
  describe(`a bot’s life, with queues in ${queue}`, () => {
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
    describe('truth', () => truth(system));
    describe('rules', () => rules(system));
    describe('requests', () => requests(system));
    describe('live', () => live(system));
    // Nothing that the queue has a part in.
    if (queue === 'redis') return;
    describe('data', () => data(system));
    describe('observing', () => observing(system));
    describe('isolation', () => isolation(system));
  });
}
