import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { ContainerSpec } from '../port.js';
import { openDockerSuite, type DockerSuite } from './docker-suite.js';

const never = new AbortController().signal;
let suite: DockerSuite;
let labels: Record<string, string>;
let label: string;

beforeAll(async () => {
  suite = await openDockerSuite();
  await suite.runtime.prepareNode();
  labels = { 'berth.suite': suite.networkName };
  label = `berth.suite=${suite.networkName}`;
}, 60_000);
afterEach(async () => {
  await suite.specs.cleanUp(suite.runtime);
  for (const { ref } of await suite.runtime.listImages(label, never)) await suite.runtime.removeImage(ref, never);
}, 60_000);
afterAll(() => suite.close(), 60_000);

const nameOf = (tag: string) => `berth/suite-${suite.networkName}:${tag}`;
async function created(parts: Partial<ContainerSpec> = {}): Promise<string> {
  return (await suite.runtime.create(suite.specs.make({ network: 'none', ...parts }), never)).id;
}
async function started(parts: Partial<ContainerSpec> = {}): Promise<string> {
  const id = await created(parts);
  await suite.runtime.start(id, never);
  return id;
}
async function sh(id: string, script: string): Promise<string> {
  const { exitCode, output } = await suite.exec(id, ['sh', '-ec', script]);
  expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
  return output;
}
/** Type, mode, owner, links, time and size of everything there, targets of links, checksums of files. */
const LISTING = `cd "$0" && find . -exec stat -c '%n %F %a %u:%g %h %Y %s' {} + | sort
find . -type l | sort | while IFS= read -r link; do readlink "$link"; done
find . -type f -exec sha256sum {} + | sort`;
async function listing(id: string, path: string): Promise<string> {
  const { exitCode, output } = await suite.exec(id, ['sh', '-c', LISTING, path]);
  expect(exitCode).toBe(0);
  return output;
}

const TREE = `
  mkdir -p empty 'with space/deeper' ${'long'.repeat(30)}/${'path'.repeat(30)}
  printf content > plain; printf '' > nothing
  ln plain hard; ln -s plain soft; ln -s /nowhere dangling; ln -s ../../etc/passwd 'with space/up'
  head -c 9000000 /dev/urandom > big
  dd if=/dev/zero of=sparse bs=1 count=1 seek=5000000 2>/dev/null
  printf x > ${'n'.repeat(150)}; printf y > 'name with "quotes" and ünïcode 日本'; printf z > "$(printf 'line\\nbreak')"
  printf far > ${'long'.repeat(30)}/${'path'.repeat(30)}/${'file'.repeat(20)}
  # What an image's layer would take for the deletion of a file, and for the end of everything below.
  printf w > .wh.plain; printf o > 'with space/.wh..wh..opq'; mkdir .wh.directory
  mkfifo pipe; mkdir etc; printf h > etc/hosts; mkdir dev proc; printf d > dev/null
  chmod 4755 plain; chmod 0 nothing; chmod 1777 empty; chmod 2750 'with space'
  chown 1234:5678 big; chown -h 99:99 soft; chown 33 .
  touch -d '2001-02-03 04:05:06' big empty; touch -h -d '1999-01-01 00:00:00' dangling
  chmod 1711 .; touch -d '2010-10-10 10:10:10' .`;

describe('a volume', () => {
  test('comes back to the last byte, mode, owner, time and link', async () => {
    const id = await started();
    await sh(id, `cd /data; ${TREE}`);
    const before = await listing(id, '/data');
    expect(before.split('\n').length).toBeGreaterThan(40);
    await suite.runtime.pause(id, never);
    await suite.runtime.archive(id, '/data', nameOf('data'), { labels, signal: never });
    const copy = await created({ emptyVolumes: true });
    await suite.runtime.unarchive(nameOf('data'), copy, '/data', { signal: never });
    await suite.runtime.start(copy, never);
    expect(await listing(copy, '/data')).toBe(before);
    // And that copy is as good as the first one.
    await suite.runtime.archive(copy, '/data', nameOf('again'), { labels, signal: never });
    const second = await created({ emptyVolumes: true });
    await suite.runtime.unarchive(nameOf('again'), second, '/data', { signal: never });
    await suite.runtime.start(second, never);
    expect(await listing(second, '/data')).toBe(before);
  }, 120_000);

  test('of many small files comes back', async () => {
    const id = await started();
    await sh(id, 'cd /data; for d in $(seq 30); do mkdir $d; for f in $(seq 50); do echo $d/$f > $d/$f; done; done');
    const before = await listing(id, '/data');
    await suite.runtime.archive(id, '/data', nameOf('data'), { labels, signal: never });
    const copy = await created({ emptyVolumes: true });
    await suite.runtime.unarchive(nameOf('data'), copy, '/data', { signal: never });
    await suite.runtime.start(copy, never);
    expect(await listing(copy, '/data')).toBe(before);
  }, 120_000);

  test('can be archived while its container is asked, and has nothing of a volume within it', async () => {
    const image = `${suite.image}-nested`;
    const base = await suite.docker.createContainer({ Image: suite.image, Cmd: ['true'] });
    try {
      const [repo, tag] = image.split(':');
      await base.commit({ repo, tag, changes: 'VOLUME /data/inner' });
      const id = await started({ image });
      await sh(id, 'head -c 30000000 /dev/urandom > /data/outer; echo inner > /data/inner/file');
      await suite.runtime.pause(id, never);
      const inspected: Promise<unknown>[] = [];
      const onProgress = () => void inspected.push(suite.runtime.inspect(id, AbortSignal.timeout(30_000)));
      const archive = (path: string, ref: string) =>
        suite.runtime.archive(id, path, ref, { labels, signal: never, onProgress });
      await archive('/data', nameOf('outer'));
      await archive('/data/inner', nameOf('inner'));
      for (const answer of await Promise.all(inspected)) expect(answer).toMatchObject({ engineState: 'paused' });
      expect(inspected.length).toBeGreaterThan(2);

      const copy = await created({ image, emptyVolumes: true });
      await suite.runtime.unarchive(nameOf('outer'), copy, '/data', { signal: never });
      await suite.runtime.unarchive(nameOf('inner'), copy, '/data/inner', { signal: never });
      await suite.runtime.start(copy, never);
      expect((await sh(copy, 'ls /data /data/inner')).split(/\s+/)).toEqual(
        expect.arrayContaining(['/data:', 'inner', 'outer', '/data/inner:', 'file']),
      );
    } finally {
      await base.remove();
      await suite.specs.cleanUp(suite.runtime);
      await suite.docker.getImage(image).remove();
    }
  }, 120_000);
});

describe('a root filesystem', () => {
  test('comes back to the last byte, from a commit and from a flat image', async () => {
    const id = await started();
    await sh(id, `mkdir /opt; cd /opt; ${TREE.replace(/^.*\.wh\..*$/gm, '')}; rm /bin/yes; mkdir /usr/new`);
    await suite.runtime.pause(id, never);
    const commit = suite.runtime.commit(id, nameOf('deep'), { labels, signal: never });
    const archive = suite.runtime.archive(id, '/data', nameOf('data'), { labels, signal: never });
    await Promise.all([commit, archive]);
    await suite.runtime.resume(id, never);
    const before = await listing(id, '/opt');
    await suite.runtime.flatten(nameOf('deep'), nameOf('flat'), { labels, signal: never });
    for (const image of [nameOf('deep'), nameOf('flat')]) {
      const copy = await started({ image });
      expect(await listing(copy, '/opt')).toBe(before);
      expect((await suite.exec(copy, ['ls', '/bin/yes'])).exitCode).not.toBe(0);
      expect(await sh(copy, 'ls /usr')).toBe(await sh(id, 'ls /usr'));
    }
  }, 120_000);

  test('brings along what the image says, and nothing that create said', async () => {
    const image = `${suite.image}-settings`;
    const base = await suite.docker.createContainer({
      Image: suite.image,
      Env: ['A=$HOME "b"\nc', 'PATH=/bin'],
      User: '0:0',
      WorkingDir: '/opt',
      Entrypoint: ['/bin/sh'],
      Cmd: ['-c', 'exit 7'],
      StopSignal: 'SIGQUIT',
      ExposedPorts: { '80/tcp': {} },
      Labels: { maker: 'somebody "else"' },
    });
    try {
      const [repo, tag] = image.split(':');
      await base.commit({ repo, tag });
      const settings = (await suite.docker.getImage(image).inspect()).Config;
      const spec = suite.specs.make({
        network: 'none',
        image,
        command: ['sh', '-c', 'sleep 3600', 'the-callers-argument'],
        env: { TOKEN: 'the-callers-secret' },
      });
      const { id } = await suite.runtime.create(spec, never);
      await suite.runtime.start(id, never);
      await suite.runtime.commit(id, nameOf('deep'), { labels, signal: never });
      await suite.runtime.flatten(nameOf('deep'), nameOf('flat'), { labels, signal: never });
      for (const made of [nameOf('deep'), nameOf('flat')]) {
        const info = await suite.docker.getImage(made).inspect();
        const { Labels, ...config } = info.Config;
        const { Env, User, WorkingDir, Entrypoint, Cmd, ExposedPorts } = settings;
        expect(config).toMatchObject({ Env, User, WorkingDir, Entrypoint, Cmd, ExposedPorts, StopSignal: 'SIGQUIT' });
        const { 'berth.part': _part, 'berth.owner': _owner, ...rest } = Labels;
        const told = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== ''));
        expect(told).toEqual({ ...labels, maker: 'somebody "else"' });
        expect(JSON.stringify(info)).not.toContain('the-callers-secret');
        const { tenantId, botId, operationId } = spec.identity;
        for (const text of ['the-callers-argument', tenantId, operationId, botId]) {
          expect(JSON.stringify(info.Config)).not.toContain(text);
        }
        expect(await sh(await started({ image: made }), 'pwd; echo "$A"')).toBe('/opt\n$HOME "b"\nc\n');
      }
    } finally {
      await base.remove();
      await suite.specs.cleanUp(suite.runtime);
      for (const ref of [nameOf('deep'), nameOf('flat')]) await suite.runtime.removeImage(ref, never);
      await suite.docker.getImage(image).remove();
    }
  }, 120_000);
});
