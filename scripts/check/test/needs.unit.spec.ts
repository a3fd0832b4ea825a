import { describe, expect, it } from '@jest/globals';
import { neededEngines } from '../needs.js';

describe('neededEngines', () => {
  const all = ['postgres', 'redis', 'docker', 'chromium'];
  it.each([
    ['', all],
    ['--selectProjects unit arch', []],
    ['--selectProjects=medium', ['postgres']],
    ['--selectProjects console', ['postgres', 'docker', 'chromium']],
    ['--selectProjects unit queue --verbose -t lane', ['postgres', 'redis']],
    ['libs/a/test/b.unit.spec.ts libs/a/test/c.runtime.spec.ts', ['docker']],
    ['libs/a', all],
    ['--selectProjects unheard-of', all],
  ])('of `%s` are %j', (args, engines) => {
    expect(neededEngines(args.split(' ').filter(Boolean))).toEqual(engines);
  });
});
