import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { People } from './console/browser.js';
import { screens } from './console/screens.js';
import { startSystem, type System } from './support/system.js';

describe('the screens of the console', () => {
  let running: System | undefined;
  let gathered: People | undefined;
  const system = (): System => {
    if (!running) throw new Error('the system is not up');
    return running;
  };
  const people = (): People => {
    if (!gathered) throw new Error('there is no browser');
    return gathered;
  };
  beforeAll(async () => {
    running = await startSystem();
    gathered = await People.gather(running);
  });
  afterAll(async () => {
    await gathered?.leave();
    await running?.stop();
  });

  screens(system, people);

  test('no page has complained meanwhile', () => {
    expect(people().complaints).toEqual([]);
  });
});
