import { Beginnings } from './beginnings.js';
import { DEADLINE_MS } from './deadline.js';
import { createContainer } from './create.js';
import { dockerImages } from './docker-images.js';
import { connectEngine, type EngineConnection } from './engine-connection.js';
import { EnvironmentFiles } from './environment-file.js';
import { execute, hasPath } from './exec.js';
import type { Programs } from './exec-port.js';
import { engineOwner } from './engine-owner.js';
import { watchEvents, type EventsOptions } from './events.js';
import { ExitWatch } from './exit.js';
import { guard, guardAll } from './failures.js';
import { assertFirewall } from './firewall.js';
import { ensureImage, type EnsureImageOptions } from './images.js';
import { inspectContainer, listContainers, plainName, toRuntimeContainer } from './inspect.js';
import { Helpers } from './helpers.js';
import { Lifecycle } from './lifecycle.js';
import { readLogs, type LogsOptions } from './logs.js';
import { ensureNetwork } from './network.js';
import { ImageStore, PART_LABEL } from './image-store.js';
import type { ContainerRuntime, ContainerSpec, EngineInfo, PreparedNode } from './port.js';
import { StatsReader } from './stats.js';
import { removeVolume } from './volume-store.js';

export interface DockerRuntimeOptions {
  /** `unix:///path`, `tcp://host:port`, or undefined for the default socket. */
  dockerHost?: string | undefined;
  /** Absolute path of the node's private directory. */
  dataDir: string;
  /** The managed bridge; of two engines on one host, each needs its own. */
  networkName?: string | undefined;
  /** Told whenever the engine gave no answer within a call's deadline. */
  onHungCall?: ((call: string) => void) | undefined;
}

/** The Docker Engine (API 1.41 or later) as a ContainerRuntime. */
export function createDockerRuntime(options: DockerRuntimeOptions): ContainerRuntime & Programs {
  const engine = connectEngine(options);
  const networkName = options.networkName ?? 'berth';
  const environmentFiles = new EnvironmentFiles(options.dataDir);
  const exits = new ExitWatch(engine);
  const lifecycle = new Lifecycle(engine, exits);
  const beginnings = new Beginnings(engine);
  const stats = new StatsReader(engine);
  const images = new ImageStore(engine, engineOwner(options.dataDir));
  const helpers = new Helpers(engine, images.owner);
  const context = { engine, environmentFiles, networkName, idlers: new Set<string>() };

  return {
    info: () => guard(() => readInfo(engine)),
    prepareNode: () =>
      guard(async () => {
        const prepared = await prepareNode(engine, networkName);
        await environmentFiles.prune(async () => new Set((await listContainers(engine)).map(({ name }) => name)));
        return prepared;
      }),
    ensureImage: (ref, given: EnsureImageOptions) => guard(() => ensureImage(engine, ref, given)),
    create: (spec: ContainerSpec, signal) =>
      guard(async () => toRuntimeContainer(await createContainer(context, spec, signal))),
    inspect: (ref, signal) =>
      guard(async () => {
        const info = await inspectContainer(engine, ref, signal);
        return info ? toRuntimeContainer(info) : null;
      }),
    list: (signal) => guard(() => listContainers(engine, signal)),
    start: (id, signal, seen) => guard(() => lifecycle.start(id, signal, seen)),
    stop: (id, timeoutSeconds, signal) => guard(() => lifecycle.stop(id, timeoutSeconds, signal)),
    kill: (id, signal) => guard(() => lifecycle.kill(id, signal)),
    update: (id, resources, signal) => guard(() => lifecycle.update(id, resources, signal)),
    pause: (id, signal) => guard(() => beginnings.freeze(id, signal, () => lifecycle.pause(id, signal))),
    resume: (id, signal) => guard(() => lifecycle.resume(id, signal)),
    remove: (id, signal) =>
      guard(async () => {
        stats.forget(id);
        const removed = await lifecycle.remove(id, signal);
        await environmentFiles.remove(plainName(removed?.Name ?? id));
        if (removed?.Config.Labels[PART_LABEL] !== undefined) await images.forgetKept(removed.Image);
      }),
    removeVolume: (name, owner, signal) => guard(() => removeVolume(engine, helpers, name, owner, signal)),
    exitWithin: (id, graceMs, signal) => guard(() => exits.exitWithin(id, graceMs, signal)),
    events: (given: EventsOptions) => guardAll(watchEvents(engine, given)),
    stats: (id, signal) => guard(() => stats.read(id, signal)),
    logs: (id, given: LogsOptions) => guardAll(readLogs(engine, id, given)),
    execute: (id, spec, signal) => guard(() => execute({ engine, beginnings }, id, spec, signal)),
    hasPath: (id, path, signal) => guard(() => hasPath(engine, id, path, signal)),
    ...dockerImages(engine, images, helpers),
    close: async () => {
      engine.close();
      await Promise.resolve();
    },
  };
}

async function readInfo(engine: EngineConnection): Promise<EngineInfo> {
  interface Info {
    NCPU: number;
    MemTotal: number;
    Containers: number;
    ServerVersion: string;
  }
  const [info, version] = await engine.call('info', { deadlineMs: DEADLINE_MS.info }, (abortSignal) =>
    Promise.all([
      engine.getJson('/info', abortSignal) as Promise<Info>,
      engine.getJson('/version', abortSignal) as Promise<{ ApiVersion: string }>,
    ]),
  );
  return {
    engineVersion: info.ServerVersion,
    apiVersion: version.ApiVersion,
    cpus: info.NCPU,
    memoryMb: Math.floor(info.MemTotal / (1024 * 1024)),
    containers: info.Containers,
  };
}

async function prepareNode(engine: EngineConnection, networkName: string): Promise<PreparedNode> {
  const { bridge, warnings } = await ensureNetwork(engine, networkName);
  const obstacle = engine.local ? await assertFirewall(bridge) : 'the engine is on another host';
  if (obstacle !== null) {
    warnings.push(
      `Containers reach services of the node itself: ${obstacle}. Run the worker as root in the host's network with ` +
        `iptables installed, or set the rules yourself: iptables -I INPUT -i ${bridge} -m conntrack ! --ctstate ` +
        `RELATED,ESTABLISHED -j DROP; iptables -I DOCKER-USER -i ${bridge} -d 169.254.0.0/16 -j DROP.`,
    );
  }
  return { network: networkName, hostFirewall: obstacle === null, warnings };
}
