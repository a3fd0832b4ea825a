import { readFileSync } from 'node:fs';

const { imports } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const swc = JSON.parse(readFileSync(new URL('.swcrc', import.meta.url), 'utf8'));
delete swc.$schema;

/** Only our own `#names`: packages have `#imports` too, and those are theirs to resolve. */
const libs = Object.fromEntries(
  Object.entries(imports).map(([name, target]) => [`^${name}$`, target.source.replace('./', '<rootDir>/')]),
);

function project(name, timeoutMs) {
  return {
    displayName: name,
    rootDir: import.meta.dirname,
    cacheDirectory: '<rootDir>/.berth/cache/jest',
    roots: ['<rootDir>/libs', '<rootDir>/services', '<rootDir>/scripts'],
    testMatch: [`**/*.${name}.spec.ts`],
    testEnvironment: 'node',
    // Jest ignores a project's own testTimeout; the set-up file sets it instead.
    globals: { BERTH_TEST_TIMEOUT_MS: timeoutMs },
    setupFilesAfterEnv: ['<rootDir>/scripts/check/jest-setup.mjs'],
    extensionsToTreatAsEsm: ['.ts'],
    transform: { '^.+\\.ts$': ['@swc/jest', { ...swc, sourceMaps: 'inline', swcrc: false }] },
    moduleNameMapper: { ...libs, '^(\\.{1,2}/.*)\\.js$': '$1' },
  };
}

export default {
  maxWorkers: 2,
  testSequencer: '<rootDir>/scripts/check/sequencer.cjs',
  projects: [
    project('arch', 60_000),
    project('unit', 20_000),
    project('medium', 60_000),
    project('queue', 30_000),
    project('runtime', 60_000),
    project('console', 180_000),
    project('e2e', 120_000),
    // Scores of bots at once, or minutes of one: by itself, since nothing beside it would have the machine it needs.
    ...(process.argv.includes('endurance') ? [project('endurance', 600_000)] : []),
  ],
};
