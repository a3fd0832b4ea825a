/* Jest loads its sequencer with require(). */
const { default: Sequencer } = require('@jest/test-sequencer');

const ORDER = ['arch', 'unit', 'medium', 'queue', 'runtime', 'e2e'];

/** Cheap projects first, so that a plain mistake shows before the engines are put to work; e2e, which needs quiet, last. */
module.exports = class ByCost extends Sequencer {
  sort(tests) {
    const rank = (test) => ORDER.indexOf(test.context.config.displayName?.name ?? '');
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b));
  }
};
