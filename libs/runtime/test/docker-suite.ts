import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import type Docker from 'dockerode';
import { createDockerRuntime } from '../docker-runtime.js';
import { removeFirewall } from '../firewall.js';
import { bridgeName } from '../network.js';
import type { Programs } from '../exec-port.js';
import type { ContainerRuntime } from '../port.js';
import { SpecFactory } from './contract-helpers.js';
import { ensureTinyImage, testDocker, testDockerHost } from './tiny-image.js';

/** One suite's runtime over the real engine, with a network, an image and a directory of its own. */
export interface DockerSuite {
  runtime: ContainerRuntime & Programs;
  docker: Docker;
  image: string;
  dataDir: string;
  networkName: string;
  specs: SpecFactory;
  /** Calls that the engine left without an answer. */
  hungCalls: string[];
  /** Runs a program in a container, as an intruder there would: without Berth. */
  exec(id: string, command: string[]): Promise<{ exitCode: number; output: string }>;
  /** A second runtime over the same engine, as after a restart of the worker. */
  openAnother(): ContainerRuntime;
  /** The runtime of another installation on the same engine. */
  openStranger(): ContainerRuntime;
  close(): Promise<void>;
}

export async function openDockerSuite(): Promise<DockerSuite> {
  const dockerHost = testDockerHost();
  const docker = testDocker(dockerHost);
  const id = randomBytes(4).toString('hex');
  const image = `berth-test/tiny-${id}:1`;
  await ensureTinyImage(dockerHost, image);
  const dataDir = await mkdtemp(join(tmpdir(), 'berth-runtime-'));
  const networkName = `bt${id}`;
  const hungCalls: string[] = [];
  const runtime = createDockerRuntime({ dockerHost, dataDir, networkName, onHungCall: (call) => hungCalls.push(call) });
  const specs = new SpecFactory(image);
  return {
    runtime,
    docker,
    image,
    dataDir,
    networkName,
    specs,
    hungCalls,
    openAnother: () => createDockerRuntime({ dockerHost, dataDir, networkName }),
    openStranger: () => createDockerRuntime({ dockerHost, dataDir: join(dataDir, 'stranger'), networkName }),
    exec: (container, command) => exec(docker, container, command),
    close: async () => {
      await specs.cleanUp(runtime);
      await runtime.close();
      await ignoreMissing(docker.getNetwork(networkName).remove());
      await removeFirewall(bridgeName(networkName));
      await ignoreMissing(docker.getImage(image).remove());
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

const EXEC_MS = 20_000;

async function exec(docker: Docker, id: string, command: string[]): Promise<{ exitCode: number; output: string }> {
  const created = await docker.getContainer(id).exec({ Cmd: command, AttachStdout: true, AttachStderr: true });
  const stream = await created.start({});
  const merged = new PassThrough();
  let output = '';
  merged.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  docker.modem.demuxStream(stream, merged, merged);
  await finished(stream, { writable: false });
  // On a busy machine the stream may end before the process has.
  for (const deadline = Date.now() + EXEC_MS; Date.now() < deadline;) {
    const { Running, ExitCode } = await created.inspect();
    if (!Running && ExitCode !== null) return { exitCode: ExitCode, output };
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`${command.join(' ')} did not end within ${EXEC_MS} ms`);
}

async function ignoreMissing(promise: Promise<unknown>): Promise<void> {
  await promise.catch((error: { statusCode?: number }) => {
    if (error.statusCode !== 404) throw error;
  });
}
