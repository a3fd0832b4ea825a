import type { Progress } from '../progress.js';
import { TestEngines } from './engines.js';
import { runJest } from './jest.js';
import { findLeaks } from './leaks.js';
import { neededEngines } from './needs.js';
import type { Plan } from './plan.js';

/** Starts the engines, runs Jest, looks for what was left behind, and stops the engines. */
export async function runSuites(plan: Plan, progress: Progress, signal: AbortSignal): Promise<number> {
  const engines = new TestEngines(plan, progress, signal);
  try {
    const env = await engines.start(neededEngines(plan.jestArgs));
    const before = await findLeaks(env);
    let code = 0;
    for (const args of runsOf(plan)) code = (await runJest(plan.root, args, env, signal)) || code;
    const leaks = (await findLeaks(env)).filter((leak) => !before.includes(leak));
    if (leaks.length === 0) return code;
    // Only then: Jest's totals are the last lines of a run that is in order.
    console.error(`\nThe tests have left behind:\n  ${leaks.join('\n  ')}\nA suite removes what it makes.`);
    return code || 1;
  } finally {
    await engines.stop();
  }
}

/**
 * Much of what comes first only waits, so more of it goes side by side. What takes the whole machine goes by itself: beside
 * it, others would find that they are late.
 */
const RUNS = [
  ['--selectProjects', 'arch', 'unit', 'medium', 'queue', 'runtime', '--maxWorkers', '3'],
  ['--selectProjects', 'endurance'],
  ['--selectProjects', 'console', 'e2e'],
];

function runsOf({ jestArgs }: Plan): string[][] {
  return jestArgs.length > 0 ? [jestArgs] : RUNS;
}
