export type Engine = 'postgres' | 'redis' | 'docker' | 'chromium';

const NEEDS: Record<string, Engine[]> = {
  arch: [],
  unit: [],
  medium: ['postgres'],
  queue: ['postgres', 'redis'],
  runtime: ['docker'],
  e2e: ['postgres', 'redis', 'docker'],
  console: ['postgres', 'docker', 'chromium'],
  endurance: ['postgres', 'redis', 'docker'],
};
const ALL: Engine[] = ['postgres', 'redis', 'docker', 'chromium'];

/** The engines of the projects that Jest's arguments choose, by --selectProjects or by the names of spec files; else all. */
export function neededEngines(jestArgs: string[]): Engine[] {
  const projects = selectedProjects(jestArgs);
  const found = projects.length > 0 ? projects.map((name) => NEEDS[name]) : [undefined];
  return found.includes(undefined) ? ALL : [...new Set(found.flatMap((needs) => needs ?? []))];
}

function selectedProjects(args: string[]): string[] {
  const at = args.findIndex((arg) => /^--selectProjects(=|$)/.test(arg));
  if (at >= 0) {
    const first = args[at]?.split('=')[1];
    const rest = args.slice(at + 1);
    const end = rest.findIndex((arg) => arg.startsWith('-'));
    return [...(first ? [first] : []), ...(end < 0 ? rest : rest.slice(0, end))];
  }
  const files = args.filter((arg) => !arg.startsWith('-') && arg.includes('.spec'));
  return files.map((file) => /\.([a-z0-9]+)\.spec/.exec(file)?.[1] ?? '');
}
