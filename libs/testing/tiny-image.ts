import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type Docker from 'dockerode';
import tar from 'tar-stream';

/** BusyBox and nothing else, 2 MB; made on the spot, for no registry is needed then. */
export const TINY_IMAGE = 'berth-test/tiny:1';
const BUSYBOX = '/bin/busybox';

/** Makes the image unless the Engine holds it. It stays there for the next run. */
export async function ensureTinyImage(docker: Docker): Promise<string> {
  const there = await docker
    .getImage(TINY_IMAGE)
    .inspect()
    .catch((error: { statusCode?: number }) => {
      if (error.statusCode === 404) return null;
      throw error as Error;
    });
  if (there) return TINY_IMAGE;

  const [busybox, { stdout }] = await Promise.all([
    readFile(BUSYBOX).catch(() => {
      throw new Error(
        `${BUSYBOX} is missing: install Debian's package busybox-static, or run \`npm test\`, which does.`,
      );
    }),
    promisify(execFile)(BUSYBOX, ['--list']),
  ]);
  const pack = tar.pack();
  for (const name of ['bin', 'etc', 'root', 'data', 'var']) pack.entry({ name, type: 'directory', mode: 0o755 });
  pack.entry({ name: 'tmp', type: 'directory', mode: 0o1777 });
  pack.entry({ name: 'etc/passwd' }, 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n');
  pack.entry({ name: 'etc/group' }, 'root:x:0:\nnogroup:x:65534:\n');
  pack.entry({ name: 'bin/busybox', mode: 0o755 }, busybox);
  for (const applet of stdout.split('\n').filter((name) => name && name !== 'busybox')) {
    pack.entry({ name: `bin/${applet}`, type: 'symlink', linkname: 'busybox' });
  }
  pack.finalize();

  const [repo, tag] = TINY_IMAGE.split(':');
  const report = await docker.importImage(Readable.from(pack), { repo, tag, changes: 'CMD ["sh"]' });
  let text = '';
  for await (const chunk of report) text += String(chunk);
  if (text.includes('"error"')) throw new Error(`The import of ${TINY_IMAGE} failed: ${text}`);
  return TINY_IMAGE;
}
