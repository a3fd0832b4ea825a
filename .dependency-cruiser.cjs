/* The direction of imports. `npm run arch` runs it; a test in `npm test` fails on what it finds. */

/** A test may look across, at its neighbours' test helpers and at what a vendor makes of it. */
const TEST_CODE = ['/test/', '[.]spec[.]ts$'];

/** What a lib or a service may import of the libs; everything else is refused. */
const ALLOWED = {
  domain: [],
  contracts: ['domain'],
  platform: [],
  persistence: ['domain', 'contracts', 'platform'],
  messaging: ['domain', 'contracts', 'platform'],
  runtime: ['domain', 'contracts', 'platform'],
  operations: ['domain', 'contracts', 'platform', 'persistence', 'messaging'],
  client: ['domain', 'contracts'],
};

const directions = Object.entries(ALLOWED).map(([lib, allowed]) => ({
  name: `direction-${lib}`,
  comment:
    `libs/${lib} may import ${allowed.length ? allowed.map((name) => `#${name}`).join(', ') : 'no other lib'}: ` +
    'imports point one way, so that what lies below can be understood, tested and changed without what lies above.',
  severity: 'error',
  from: { path: `^libs/${lib}/`, pathNot: TEST_CODE },
  to: { path: `^libs/(?!(?:${[lib, ...allowed].join('|')})/)` },
}));

/** A vendor behind its port is replaced, faked and mocked in one place; its errors are known in one place. */
function vendor(name, modules, homes, reason, { inTests = false } = {}) {
  return {
    name: `vendor-${name}`,
    comment: reason,
    severity: 'error',
    from: { pathNot: [...homes.map((home) => `^${home}/`), ...(inTests ? TEST_CODE : [])] },
    to: { path: `node_modules/(${modules})(/|$)` },
  };
}

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Of two files in a cycle neither can be loaded, understood or tested first.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'all-resolve',
      comment: 'An import that is not found is not judged by any rule here.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    ...directions,
    {
      name: 'client-by-types-alone',
      comment: 'What a page loads must stay small: of the contract the client has the types, and none of its schemas.',
      severity: 'error',
      from: { path: '^libs/client/', pathNot: TEST_CODE },
      to: { path: '^libs/(?!client/)|node_modules/zod/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'client-in-browsers',
      comment: 'It runs in browsers too, which have none of the modules of Node.',
      severity: 'error',
      from: { path: '^libs/client/', pathNot: TEST_CODE },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'libs-below-services',
      comment: 'A lib that knows a service or a script cannot serve another one.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(services|scripts)/' },
    },
    {
      name: 'lib-by-its-door',
      comment: "What a lib's index does not export is its own affair, free to change.",
      severity: 'error',
      from: { path: '^libs/([^/]+)/', pathNot: TEST_CODE },
      to: { path: '^libs/', pathNot: ['^libs/[^/]+/index[.]ts$', '^libs/$1/'] },
    },
    {
      name: 'lib-by-its-door-from-above',
      comment: 'The same for services and scripts.',
      severity: 'error',
      from: { path: '^(services|scripts)/', pathNot: TEST_CODE },
      to: { path: '^libs/', pathNot: '^libs/[^/]+/index[.]ts$' },
    },
    {
      name: 'services-apart',
      comment: 'Services meet in Postgres, on the queue and over HTTP; one that imports another cannot run without it.',
      severity: 'error',
      from: { path: '^services/([^/]+)/', pathNot: TEST_CODE },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'scripts-on-top',
      comment: 'Scripts bring an installation up; nothing that is installed may need them.',
      severity: 'error',
      from: { path: '^services/', pathNot: TEST_CODE },
      to: { path: '^scripts/' },
    },
    {
      name: 'api-without-docker',
      comment: 'A Docker Engine has one driver, the worker on its node. The API has no way to reach it.',
      severity: 'error',
      from: { path: '^services/api/' },
      to: { path: '^libs/runtime/' },
    },
    {
      name: 'console-by-its-client',
      comment: 'The console is a client like any other: what it needs and the client lacks, others lack as well.',
      severity: 'error',
      from: { path: '^services/console/' },
      to: { path: '^libs/(?!client/)' },
    },
    {
      name: 'testing-in-tests',
      comment: 'What helps tests must not be needed by what is installed.',
      severity: 'error',
      from: { path: '^(libs|services)/', pathNot: [...TEST_CODE, '^libs/testing/'] },
      to: { path: '^libs/testing/' },
    },
    {
      name: 'no-dev-dependencies',
      comment: 'An installation has the dependencies alone; development ones would be missing there.',
      severity: 'error',
      from: { path: '^(libs|services)/', pathNot: [...TEST_CODE, '^libs/testing/'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm', 'type-only'] },
    },
    {
      name: 'domain-is-pure',
      comment: 'The rules of lanes and states are plain functions: nothing to start, nothing to mock.',
      severity: 'error',
      from: { path: '^libs/domain/', pathNot: TEST_CODE },
      to: { dependencyTypes: ['npm', 'npm-dev', 'core'] },
    },
    vendor(
      'docker',
      'dockerode|docker-modem',
      ['libs/runtime', 'libs/testing', 'scripts'],
      "Docker's ways of failing are handled in libs/runtime, behind its port, and nowhere else.",
      { inTests: true },
    ),
    vendor(
      'queues',
      'bullmq|ioredis',
      ['libs/messaging', 'libs/testing'],
      'Queues carry doorbells, never truth: whoever wants one asks libs/messaging.',
    ),
    vendor(
      'prisma',
      '@prisma',
      ['libs/persistence', 'scripts'],
      'The tables are known to libs/persistence alone; everybody else speaks to its repositories.',
    ),
    vendor(
      'postgres',
      'pg|pg-[a-z-]+',
      ['libs/persistence', 'libs/messaging', 'libs/testing', 'scripts'],
      "A second way into the database would pass by the tenant's checks and by the retries.",
      { inTests: true },
    ),
    vendor(
      'nest',
      '@nestjs',
      ['services'],
      'Libs serve both services, the CLI and tests: none of them owns a framework.',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(libs/persistence/generated/|dist/|services/console/)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      // `source` is the condition under which package.json's #imports name files of libs/ instead of dist/.
      conditionNames: ['source', 'import', 'node', 'default', 'types'],
      exportsFields: ['exports'],
      mainFields: ['module', 'main', 'types'],
    },
    cache: { folder: '.berth/cache/depcruise', strategy: 'content' },
  },
};
