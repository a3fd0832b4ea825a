import { canInstall, install } from '../engines/apt.js';
import { ENGINE_PACKAGES, hasDockerd } from '../engines/dockerd.js';
import { run } from '../engines/process.js';
import type { Progress } from '../progress.js';

const SCRIPT = [
  'ip link set lo up',
  // /sys shows the interfaces of the namespace that mounted it; the control groups below it stay the machine's.
  'aside=$(mktemp -d)',
  'mount --rbind /sys/fs/cgroup "$aside"',
  'mount -t sysfs sysfs /sys',
  'mount --rbind "$aside" /sys/fs/cgroup',
  'umount -l "$aside"',
  'rmdir "$aside"',
  // dockerd would use a containerd that it finds here, and that one works outside of the enclosure.
  '{ [ ! -d /run/containerd ] || mount -t tmpfs tmpfs /run/containerd; }',
  'exec "$@"',
].join(' && ');
const ENCLOSED = ['unshare', '--net', '--mount', '--propagation', 'private', '--', 'sh', '-c', SCRIPT, 'sh'];

/**
 * A command that runs another in network and mount namespaces of its own, in which a Docker Engine of our own can be
 * started; null where the tests must do with an Engine that runs. An Engine that runs has a driver already, the worker
 * of whoever started Berth there, and must have no second one. And two Engines in one network namespace share the
 * host's packet filter: the second one's start takes away rules by which the first keeps its networks apart. In here,
 * bridges, rules and mounts are ours alone, and end with us.
 */
export async function enclosure(progress: Progress): Promise<string[] | null> {
  if (!mayEnclose()) return null;
  if (process.env['DOCKER_HOST']?.trim() || process.env['BERTH_TEST_DOCKER_HOST']?.trim()) return null;
  if (!(await hasPrograms())) {
    if (!(await canInstall())) return null;
    await progress.step('Installing the Docker Engine (docker.io)', (note) =>
      install([...ENGINE_PACKAGES, 'iproute2'], note, { startServices: false }),
    );
  }
  return enclosing();
}

/** The same with the programs that there are, for an Engine of a test's own, whichever the other tests use. */
export async function enclosing(): Promise<string[] | null> {
  if (!mayEnclose() || !(await hasPrograms())) return null;
  const [command = '', ...args] = ENCLOSED;
  return (await run(command, [...args, 'true'])).code === 0 ? ENCLOSED : null;
}

const mayEnclose = (): boolean => process.getuid?.() === 0 && process.platform === 'linux';

async function hasPrograms(): Promise<boolean> {
  const has = async (program: string): Promise<boolean> =>
    (await run('sh', ['-c', `command -v ${program}`])).code === 0;
  return (await hasDockerd()) && (await has('ip')) && (await has('iptables'));
}
