import { readFile, rm, writeFile } from 'node:fs/promises';
import { run, runLoud } from './process.js';

export interface Distribution {
  /** `debian` or `ubuntu`. */
  id: string;
  name: string;
  /** E.g. `bookworm`. */
  codename: string;
  /** E.g. `12`. */
  version: string;
}

/** Null where the machine is not Debian or Ubuntu. */
export async function aptDistribution(): Promise<Distribution | null> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const values = new Map(
    [...text.matchAll(/^([A-Z_]+)="?([^"\n]*)"?$/gm)].map((match) => [match[1] ?? '', match[2] ?? '']),
  );
  const id = values.get('ID') ?? '';
  const codename = values.get('VERSION_CODENAME') ?? '';
  if (!['debian', 'ubuntu'].includes(id) || !codename) return null;
  return { id, codename, name: values.get('PRETTY_NAME') ?? id, version: values.get('VERSION_ID') ?? '' };
}

/** Whether packages may be installed here. */
export async function canInstall(): Promise<boolean> {
  return process.getuid?.() === 0 && (await aptDistribution()) !== null;
}

/**
 * Installs what is missing of the packages, from the machine's own sources. Not interrupted by a signal: half a
 * configured package is worse than a late end.
 */
export async function install(
  packages: string[],
  note: (text: string) => void,
  options: { startServices?: boolean } = {},
): Promise<void> {
  const missing: string[] = [];
  for (const name of packages) if (!(await isInstalled(name))) missing.push(name);
  if (missing.length === 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  const patience = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=2'];
  const onLine = (line: string): void => {
    const match = /^(Get|Hit|Unpacking|Setting up)[: ]+(?:\d+ )?([^ ]+)/.exec(line);
    if (match) note(match[1] === 'Get' || match[1] === 'Hit' ? 'downloading' : `${match[1]} ${match[2]}`);
  };
  note('reading package lists');
  // A broken third-party source must not stand in the way: whether the packages can be had shows below.
  const update = await run('apt-get', [...patience, 'update', '-qq'], { env });
  const allowServices = options.startServices === false ? await forbidServices() : undefined;
  try {
    await runLoud('apt-get', [...patience, 'install', '-y', '--no-install-recommends', ...missing], { env, onLine });
  } catch (error) {
    const hint = update.code === 0 ? '' : `\napt-get update had failed before: ${update.stderr.trim()}`;
    throw new Error(`${(error as Error).message}${hint}\nInstall ${missing.join(', ')} by hand, then start again.`, {
      cause: error,
    });
  } finally {
    await allowServices?.();
  }
}

/** Packages ask this program whether they may start what they bring. Returns how to allow it again. */
async function forbidServices(): Promise<() => Promise<void>> {
  const file = '/usr/sbin/policy-rc.d';
  try {
    await writeFile(file, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' });
  } catch {
    // The machine has a policy of its own.
    return () => Promise.resolve();
  }
  return () => rm(file, { force: true });
}

async function isInstalled(name: string): Promise<boolean> {
  const { stdout } = await run('dpkg-query', ['-W', '-f', '${db:Status-Status}', name]);
  return stdout.trim() === 'installed';
}

export interface AptSource {
  uri: string;
  suite: string;
  components: string[];
}

/**
 * The machine's sources of the distribution itself, whichever of APT's two formats they are written in. Others may
 * serve a suite of the same name, so what counts is whose packages they say they are.
 */
export async function distributionSources(distribution: Distribution): Promise<AptSource[]> {
  const read = async (): Promise<string[][]> => {
    const format = '$(REPO_URI)\t$(RELEASE)\t$(COMPONENT)\t$(ORIGIN)';
    const { stdout } = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
    return stdout.split('\n').map((line) => line.split('\t'));
  };
  let rows = await read();
  // Whose packages a source holds is known once its index was fetched.
  if (rows.some(([uri, , , origin]) => uri && !origin)) {
    await run('apt-get', ['update', '-qq']);
    rows = await read();
  }
  const found = new Map<string, AptSource>();
  for (const [uri, suite, component, origin] of rows) {
    if (!uri || !suite || !component || !/^(https?|file):/.test(uri)) continue;
    if (origin?.toLowerCase() !== distribution.id) continue;
    const source = found.get(`${uri} ${suite}`) ?? { uri, suite, components: [] };
    if (!source.components.includes(component)) source.components.push(component);
    found.set(`${uri} ${suite}`, source);
  }
  return [...found.values()];
}
