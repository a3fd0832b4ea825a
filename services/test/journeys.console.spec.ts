import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bots } from './console/bots.js';
import { People } from './console/browser.js';
import { container } from './console/container.js';
import { files } from './console/files.js';
import { live } from './console/live.js';
import { loading } from './console/loading.js';
import { signingIn } from './console/signing-in.js';
import { snapshots } from './console/snapshots.js';
import { tasks } from './console/tasks.js';
import { terminal } from './console/terminal.js';
import { startSystem, type System } from './support/system.js';

describe('the console', () => {
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

  describe('signing in', () => signingIn(system, people));
  describe('loading', () => loading(system, people));
  describe('bots', () => bots(system, people));
  describe('container', () => container(system, people));
  describe('snapshots', () => snapshots(system, people));
  describe('terminal', () => terminal(system, people));
  describe('files', () => files(system, people));
  describe('tasks and the other pages', () => tasks(system, people));
  describe('live', () => live(system, people));

  test('no page has complained meanwhile', () => {
    expect(people().complaints).toEqual([]);
  });
});
