import type Docker from 'dockerode';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import type { BerthClient } from './berth.js';
import { compare, type Compared } from './compared.js';
import { round, summarise, timed } from './statistics.js';
import type { RawDocker } from './raw.js';

const TRANSFER_BYTES = 100_000_000;
const BLOCK = 512;
/** Turns before those that count: what moves bytes is compiled while it does. */
const WARM_TURNS = 3;

/** What a transfer comes to, in MB a second. */
export interface Transfer {
  raw: number;
  berth: number;
  ratio: number;
}

/** Commands and files in running containers, on either side in turn. */
export async function workspace(
  { docker, raw, berth }: { docker: Docker; raw: RawDocker; berth: BerthClient },
  run: string,
  turns: { exec: number; transfer: number },
): Promise<{ exec: Compared; upload: Transfer; download: Transfer }> {
  const [bot, rawName] = [`${run}-work`, `berth-bench-${run}-work`];
  const container = docker.getContainer(await raw.create(rawName));
  await raw.start(container.id);
  await berth.until('running', bot, '', { start: true });
  const took = { execRaw: [] as number[], exec: [] as number[] };
  // The first turn warms both sides up.
  for (let turn = 0; turn <= turns.exec; turn += 1) {
    const measured = {
      raw: await timed(() => execTrue(container)),
      berth: await timed(() => berth.exec(bot, ['true'])),
    };
    if (turn === 0) continue;
    took.execRaw.push(measured.raw);
    took.exec.push(measured.berth);
  }
  const bytes = randomBytes(TRANSFER_BYTES);
  const times = { upRaw: [] as number[], up: [] as number[], downRaw: [] as number[], down: [] as number[] };
  for (let turn = -WARM_TURNS; turn < turns.transfer; turn += 1) {
    const measured = {
      upRaw: await timed(() => container.putArchive(tarOf('raw', bytes), { path: '/data' })),
      up: await timed(() => berth.upload(bot, '/data/berth', bytes)),
      downRaw: await timed(async () => drain(await container.getArchive({ path: '/data/raw' }))),
      down: await timed(() => berth.download(bot, '/data/berth')),
    };
    if (turn < 0) continue;
    for (const key of Object.keys(times) as (keyof typeof times)[]) times[key].push(measured[key]);
  }
  await raw.remove(rawName);
  await berth.delete(bot);
  return {
    exec: compare(took.execRaw, took.exec),
    upload: transfer(times.upRaw, times.up),
    download: transfer(times.downRaw, times.down),
  };
}

/** The calls that a command takes, and nothing else. */
async function execTrue(container: Docker.Container): Promise<void> {
  const exec = await container.exec({ Cmd: ['true'], AttachStdin: true, AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({ hijack: true, stdin: true });
  await drain(stream);
  await exec.inspect();
}

async function drain(stream: NodeJS.ReadableStream): Promise<void> {
  for await (const _ of stream) continue;
}

function transfer(raw: number[], berth: number[]): Transfer {
  const speed = (times: number[]): number => round(TRANSFER_BYTES / 1000 / summarise(times).p50);
  return { raw: speed(raw), berth: speed(berth), ratio: round(summarise(raw).p50 / summarise(berth).p50) };
}

/** A tar of one file, as a stream. */
function tarOf(name: string, bytes: Buffer): Readable {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  const padding = Buffer.alloc(((BLOCK - (bytes.length % BLOCK)) % BLOCK) + 2 * BLOCK);
  return Readable.from([header, ...slices(bytes), padding], { objectMode: false });
}

function slices(bytes: Buffer): Buffer[] {
  const size = 1024 * 1024;
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}
