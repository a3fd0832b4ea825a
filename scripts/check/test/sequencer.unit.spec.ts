import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Spec {
  path: string;
  context: {
    config: { id: string; cacheDirectory: string; displayName: { name: string }; haste: object; cache: boolean };
    hasteFS: object;
  };
}
interface Sequencer {
  sort(specs: Spec[]): Spec[];
  cacheResults(specs: Spec[], results: object): void;
}

const ByCost = createRequire(import.meta.url)('../sequencer.cjs') as new (options: object) => Sequencer;
const folder = fileURLToPath(new URL('../../../services/test', import.meta.url));
let specs: Spec[];
let cache: string;
const named = (sorted: Spec[]): string[] => sorted.map(({ path }) => basename(path));

beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'berth-sequence-'));
  const found = (await readdir(folder)).filter((name) => name.endsWith('.e2e.spec.ts'));
  const contextOf = (name: string): Spec['context'] => ({
    config: { id: name, cacheDirectory: cache, displayName: { name }, haste: {}, cache: true },
    hasteFS: { getSize: () => 1 },
  });
  const [e2e, unit] = [contextOf('e2e'), contextOf('unit')];
  specs = [
    ...found.map((name) => ({ path: join(folder, name), context: e2e })),
    { path: import.meta.filename, context: unit },
  ];
});
afterAll(() => rm(cache, { recursive: true, force: true }));

test('on a machine that has measured nothing, e2e comes last, and what is made of the most parts is its first', () => {
  const [first, ...e2e] = named(new ByCost({}).sort([...specs]));
  expect(first).toBe('sequencer.unit.spec.ts');
  expect(e2e).toHaveLength(specs.length - 1);
  const parts = e2e.findIndex((name) => name.startsWith('lifecycle-'));
  expect(e2e.slice(parts, parts + 2).sort()).toEqual(['lifecycle-postgres.e2e.spec.ts', 'lifecycle-redis.e2e.spec.ts']);
  for (const lighter of ['access', 'bad-input', 'documents']) {
    expect(e2e.indexOf(`${lighter}.e2e.spec.ts`)).toBeGreaterThan(parts);
  }
});

test('what was measured counts for more, and what failed comes first', () => {
  const measured = (runtime: number, numFailingTests: number) => ({ perfStats: { runtime }, numFailingTests });
  const e2e = specs.filter(({ context }) => context.config.displayName.name === 'e2e');
  const took = (name: string): [number, number] =>
    name.startsWith('documents') ? [9_000, 0] : name.startsWith('access') ? [10, 1] : [100, 0];
  const results = e2e.map(({ path }) => ({ testFilePath: path, ...measured(...took(basename(path))) }));
  new ByCost({}).cacheResults(specs, { testResults: results });
  expect(named(new ByCost({}).sort([...specs])).slice(0, 3)).toEqual([
    'sequencer.unit.spec.ts',
    'access.e2e.spec.ts',
    'documents.e2e.spec.ts',
  ]);
});
