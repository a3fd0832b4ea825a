import { afterAll, beforeAll, describe } from '@jest/globals';
import { startSystem, type System } from './support/system.js';
import { badDays } from './workspace/bad-days.js';
import { commands } from './workspace/commands.js';
import { hostile } from './workspace/hostile.js';
import { idle } from './workspace/idle.js';
import { tasks } from './workspace/tasks.js';
import { updates } from './workspace/updates.js';

describe('the workspace', () => {
  let running: System | undefined;
  const system = (): System => {
    if (!running) throw new Error('the system is not up');
    return running;
  };
  beforeAll(async () => {
    running = await startSystem();
  });
  afterAll(() => running?.stop());

  describe('commands', () => commands(system));
  describe('hostile commands', () => hostile(system));
  describe('tasks', () => tasks(system));
  describe('updates', () => updates(system));
  describe('bad days', () => badDays(system));
  describe('the idle policy', () => idle(system));
});
