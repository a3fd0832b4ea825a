import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { type AptSource, type Distribution, aptDistribution, distributionSources, install } from './apt.js';
import { hasImage, readReport } from './docker.js';
import { runLoud } from './process.js';

export interface BuildPlan {
  distribution: Distribution;
  suite: string;
  sources: AptSource[];
  /** Serves the suite itself, not its updates. */
  mirror: AptSource;
}

/** What a slim image leaves out; each is rebuilt or unneeded in a container. */
const LEFT_OUT = [
  'usr/share/doc',
  'usr/share/man',
  'usr/share/info',
  'usr/share/locale',
  'var/cache/apt',
  'var/lib/apt/lists',
  'var/log/bootstrap.log',
];

/** Whether the image can be made of the packages of this machine's own distribution, and from where. */
export async function canBuild(ref: string): Promise<BuildPlan | { reason: string }> {
  const distribution = await aptDistribution();
  if (!distribution) return { reason: 'that takes Debian or Ubuntu.' };
  if (process.getuid?.() !== 0) return { reason: 'that takes root.' };

  const [, repository, tag = 'latest'] = /^([a-z]+)(?::([a-z0-9.-]+))?$/.exec(ref) ?? [];
  const suite = tag.replace(/-slim$/, '');
  const own = [distribution.codename, distribution.version, 'latest'];
  if (repository !== distribution.id || !own.includes(suite)) {
    const own = `${distribution.id}:${distribution.codename}`;
    return { reason: `this machine is ${distribution.name}, so it can build ${own} and nothing else.` };
  }
  const sources = await distributionSources(distribution);
  const mirror = sources.find((source) => source.suite === distribution.codename && source.components.includes('main'));
  if (!mirror) {
    return { reason: `the machine's APT sources have no mirror of ${distribution.codename}.` };
  }
  return { distribution, suite: distribution.codename, sources, mirror };
}

/** Bootstraps a minimal system in a temporary folder and imports it under the name. */
export async function buildImage(options: {
  docker: Docker;
  ref: string;
  plan: BuildPlan;
  note: (text: string) => void;
  signal: AbortSignal;
}): Promise<void> {
  const { docker, ref, plan, note, signal } = options;
  await install(['debootstrap'], note);
  const dir = await mkdtemp('/var/tmp/berth-image-');
  try {
    // Users inside, such as APT's own, must be able to enter the root folder.
    const rootfs = join(dir, 'rootfs');
    await mkdir(rootfs, { mode: 0o755 });
    await bootstrap(rootfs, plan, note, signal);
    await writeFile(join(rootfs, 'etc/apt/sources.list'), sourcesList(plan.sources));
    // A container's package manager need not keep what it has unpacked, nor start services.
    await writeFile(join(rootfs, 'etc/apt/apt.conf.d/docker-clean'), CLEAN_APT);
    await writeFile(join(rootfs, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    note('importing');
    await importTree(docker, rootfs, ref, signal);
  } finally {
    note('removing the temporary folder');
    await rm(dir, { recursive: true, force: true });
  }
  if (!(await hasImage(docker, ref))) throw new Error(`The import of ${ref} was cut off. Start again.`);
}

const CLEAN_APT = `APT::Keep-Downloaded-Packages "false";\nAPT::Install-Recommends "false";\nAcquire::Languages "none";\n`;

async function bootstrap(
  rootfs: string,
  plan: BuildPlan,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const onLine = (line: string): void => {
    const match = /^I: (Retrieving|Validating|Extracting|Unpacking|Configuring) ([^ ]+)/.exec(line);
    if (match) note(`${match[1]?.toLowerCase()} ${match[2]}`);
  };
  const keyring = `/usr/share/keyrings/${plan.distribution.id}-archive-keyring.gpg`;
  const trust = existsSync(keyring) ? ['--keyring', keyring] : [];
  const components = plan.distribution.id === 'ubuntu' ? 'main,universe' : 'main';
  // What it mounts inside goes with its mount namespace, even where it is killed; so the removal finds plain files.
  await runLoud(
    'unshare',
    [
      ...[
        '--mount',
        '--propagation',
        'private',
        '--',
        'debootstrap',
        '--variant=minbase',
        `--components=${components}`,
      ],
      ...[...trust, plan.suite, rootfs, plan.mirror.uri],
    ],
    { env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' }, onLine, signal },
  );
}

function sourcesList(sources: AptSource[]): string {
  return sources.map(({ uri, suite, components }) => `deb ${uri} ${suite} ${components.join(' ')}\n`).join('');
}

async function importTree(docker: Docker, rootfs: string, ref: string, signal: AbortSignal): Promise<void> {
  const colon = ref.indexOf(':');
  const [repo, tag] = colon < 0 ? [ref, 'latest'] : [ref.slice(0, colon), ref.slice(colon + 1)];
  const omit = LEFT_OUT.map((path) => `--exclude=./${path}/*`);
  const tar = spawn('tar', ['-C', rootfs, '--numeric-owner', ...omit, '-c', '.'], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  let complaint = '';
  tar.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const ended = new Promise<number | null>((resolve, reject) => tar.once('error', reject).once('close', resolve));
  const report = await docker.importImage(tar.stdout, { repo, tag, changes: 'CMD ["bash"]', abortSignal: signal });
  await readReport(report, () => undefined);
  const code = await ended;
  if (code !== 0) throw new Error(`tar failed (exit code ${code}): ${complaint}`);
}
