/* Jest loads its sequencer with require(). */
const { default: Sequencer } = require('@jest/test-sequencer');
const { readFileSync } = require('node:fs');
const { dirname, join } = require('node:path');

const ORDER = ['arch', 'unit', 'medium', 'queue', 'runtime', 'console', 'e2e', 'endurance'];

/**
 * Cheap projects first, so that a plain mistake shows before the engines are put to work; e2e, which needs quiet, last.
 * Within a project the longest first, as Jest has it: by the time that each took. On a machine that has measured none,
 * by what stands in it and in the parts that it is made of: one that is begun last keeps one worker while the other idles.
 */
module.exports = class ByCost extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const isNew = (test) => test.duration === undefined;
    const sizes = new Map(sorted.filter(isNew).map((test) => [test, sizeOf(test.path)]));
    const bySize = [...sizes.keys()].sort((a, b) => sizes.get(b) - sizes.get(a)).values();
    const rank = (test) => ORDER.indexOf(test.context.config.displayName?.name ?? '');
    return sorted.map((test) => (isNew(test) ? bySize.next().value : test)).sort((a, b) => rank(a) - rank(b));
  }
};

/** Characters of a spec and of what it imports from beside and below it. */
function sizeOf(file, folder = dirname(file), seen = new Set()) {
  if (seen.has(file) || !file.startsWith(folder)) return 0;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  const imports = [...text.matchAll(/ from '(\.[^']+)\.js'/g)].map(([, path]) => join(dirname(file), `${path}.ts`));
  return imports.reduce((sum, path) => sum + sizeOf(path, folder, seen), text.length);
}
