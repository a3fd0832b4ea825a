/** What `check` starts within its enclosure. */
import { Progress } from '../progress.js';
import type { Plan } from './plan.js';
import { runSuites } from './suites.js';

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => interrupted.abort(new Error(`stopped by ${name}`)));
}
try {
  const plan = JSON.parse(process.argv[2] ?? '') as Plan;
  process.exit(await runSuites(plan, new Progress(), interrupted.signal));
} catch (error) {
  console.error(`\nThe tests did not run. ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
