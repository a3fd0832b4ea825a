import { afterAll, beforeAll, describe } from '@jest/globals';
import { archives } from './files/archives.js';
import { badDays } from './files/bad-days.js';
import { content } from './files/content.js';
import { directories } from './files/directories.js';
import { startSystem, type System } from './support/system.js';

describe('files', () => {
  let running: System | undefined;
  const system = (): System => {
    if (!running) throw new Error('the system is not up');
    return running;
  };
  beforeAll(async () => {
    running = await startSystem();
  });
  afterAll(() => running?.stop());

  describe('content', () => content(system));
  describe('directories', () => directories(system));
  describe('archives', () => archives(system));
  describe('bad days', () => badDays(system));
});
