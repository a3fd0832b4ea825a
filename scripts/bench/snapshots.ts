import type Docker from 'dockerode';
import type { BerthClient } from './berth.js';
import { compare, type Compared } from './compared.js';
import { timed } from './statistics.js';
import type { RawDocker } from './raw.js';

const DATA = '/data';

/**
 * A snapshot and a restore on either side in turn, of a running container with so much data: Berth from the request to
 * its answer with the ended operation, beside the Docker calls that do the same one after another.
 */
export async function snapshots(
  { docker, raw, berth }: { docker: Docker; raw: RawDocker; berth: BerthClient },
  run: string,
  { megabytes, turns }: { megabytes: number; turns: number },
): Promise<{ snapshot: Compared; restore: Compared }> {
  const bot = `${run}-snap-${megabytes}`;
  const rawName = `berth-bench-${run}-snap-${megabytes}`;
  const side = new RawSnapshots(docker, raw, rawName);
  await side.begin();
  await berth.until('running', bot, '', { start: true });
  for (const id of [side.containerId, await berth.containerId(bot)]) await fill(docker, id, megabytes);
  const took = { takeRaw: [] as number[], take: [] as number[], bringRaw: [] as number[], bring: [] as number[] };
  // The first turn warms both sides up.
  for (let turn = 0; turn <= turns; turn += 1) {
    let snapshotId = '';
    const measured = { takeRaw: 0, take: 0, bringRaw: 0, bring: 0 };
    // What one side has written is still on its way to the disk when the other begins, so that they take turns.
    const taking = [
      async () => (measured.takeRaw = await timed(() => side.take(turn))),
      async () => (measured.take = await timed(async () => (snapshotId = await berth.snapshot(bot, `turn ${turn}`)))),
    ];
    const bringing = [
      async () => (measured.bringRaw = await timed(() => side.bringBack(turn))),
      async () => (measured.bring = await timed(() => berth.restore(bot, snapshotId))),
    ];
    for (const sides of [taking, bringing]) {
      for (const measure of turn % 2 === 0 ? sides : sides.reverse()) await measure();
    }
    await Promise.all([side.forget(turn), berth.forget(bot, snapshotId)]);
    if (turn === 0) continue;
    for (const key of Object.keys(took) as (keyof typeof took)[]) took[key].push(measured[key]);
  }
  await side.end();
  await berth.delete(bot);
  return { snapshot: compare(took.takeRaw, took.take), restore: compare(took.bringRaw, took.bring) };
}

async function fill(docker: Docker, id: string, megabytes: number): Promise<void> {
  const line = `i=0; while [ $i -lt ${Math.ceil(megabytes / 10)} ]; do head -c ${Math.min(10, megabytes)}000000 /dev/urandom > ${DATA}/$i; i=$((i+1)); done; sync`;
  const exec = await docker.getContainer(id).exec({ Cmd: ['sh', '-c', line], AttachStdout: true });
  const stream = await exec.start({});
  for await (const _ of stream) continue;
}

/** The calls of the engine that a snapshot and a restore take, and nothing else. */
class RawSnapshots {
  containerId = '';
  #made = 0;
  readonly #images: string[] = [];
  #name: string;

  constructor(
    private readonly docker: Docker,
    private readonly raw: RawDocker,
    private readonly name: string,
  ) {
    this.#name = name;
  }

  async begin(): Promise<void> {
    this.containerId = await this.raw.create(this.#name);
    await this.raw.start(this.containerId);
  }

  async take(turn: number): Promise<void> {
    const container = this.docker.getContainer(this.containerId);
    await container.inspect();
    await container.pause();
    const { Id } = (await container.commit({ repo: this.#repo, tag: `${turn}`, pause: false })) as { Id: string };
    this.#images.push(Id);
    const tar = await container.getArchive({ path: DATA });
    const progress = await this.docker.importImage(tar, { repo: `${this.#repo}-data`, tag: `${turn}` });
    for await (const _ of progress) continue;
    await container.unpause();
    await container.inspect();
  }

  async bringBack(turn: number): Promise<void> {
    const [old, oldName] = [this.docker.getContainer(this.containerId), this.#name];
    await old.inspect();
    await old.pause();
    this.#made += 1;
    this.#name = `${this.name}-${this.#made}`;
    const id = await this.raw.create(this.#name, `${this.#repo}:${turn}`);
    const source = await this.docker.createContainer({ Image: `${this.#repo}-data:${turn}`, Cmd: ['none'] });
    await this.docker.getContainer(id).putArchive(await source.getArchive({ path: DATA }), { path: '/' });
    await source.remove();
    await this.raw.start(id);
    this.containerId = id;
    await this.raw.remove(oldName);
  }

  async forget(turn: number): Promise<void> {
    await this.docker.getImage(`${this.#repo}-data:${turn}`).remove();
    await this.docker.getImage(`${this.#repo}:${turn}`).remove({ force: true });
  }

  async end(): Promise<void> {
    await this.raw.remove(this.#name);
    // One that a container was made of has lost its name, and stayed.
    for (const id of this.#images)
      await this.docker
        .getImage(id)
        .remove()
        .catch(() => undefined);
  }

  get #repo(): string {
    return this.name;
  }
}
