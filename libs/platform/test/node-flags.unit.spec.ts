import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { NODE_FLAGS } from '../node-flags.js';

test.each(['api', 'worker'])('the image of the %s starts it as all else does', (service) => {
  const file = readFileSync(`deploy/Dockerfile.${service}`, 'utf8');
  const command: unknown = JSON.parse(/^CMD (.*)$/m.exec(file)?.[1] ?? '');
  expect(command).toEqual(['node', ...NODE_FLAGS, `dist/services/${service}/main.js`]);
});
