import type { HostConfig, MountSettings } from 'dockerode';
import type { Resources } from '#domain';
import { volumeLabels } from './labels.js';
import type { ContainerSpec } from './port.js';

/** What apt, dpkg, useradd and su need as root; everything else is dropped. */
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETUID'];
const MIB = 1024 * 1024;

export interface HostConfigInput {
  spec: Pick<ContainerSpec, 'resources' | 'network' | 'identity' | 'volumes' | 'emptyVolumes'>;
  /** The managed bridge. */
  networkName: string;
  /** Path on the host of the environment file; null where there is none. */
  environmentFile: string | null;
}

export const ENVIRONMENT_TARGET = '/run/berth/env';

/** The only place that says what a container may do on its host. An allow-list: what is not written here is not granted. */
export function buildHostConfig({ spec, networkName, environmentFile }: HostConfigInput): HostConfig {
  const hostConfig: HostConfig & { CgroupnsMode: string } = {
    Init: true,
    Privileged: false,
    CapDrop: ['ALL'],
    CapAdd: CAPABILITIES,
    // The default seccomp profile holds because none is named.
    SecurityOpt: ['no-new-privileges:true'],
    ...limits(spec.resources),
    OomScoreAdj: 500,
    OomKillDisable: false,
    ShmSize: 64 * MIB,
    Ulimits: [
      // Modest, since an engine without CAP_SYS_RESOURCE cannot give more than its own limit.
      { Name: 'nofile', Soft: 8_192, Hard: 16_384 },
      { Name: 'core', Soft: 0, Hard: 0 },
    ],
    LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
    RestartPolicy: { Name: 'unless-stopped', MaximumRetryCount: 0 },
    AutoRemove: false,
    IpcMode: 'private',
    PidMode: '',
    UTSMode: '',
    CgroupnsMode: 'private',
    NetworkMode: spec.network === 'none' ? 'none' : networkName,
    PublishAllPorts: false,
    PortBindings: {},
    Binds: [],
    Devices: [],
    ReadonlyRootfs: false,
    Mounts: [...volumeMounts(spec), ...environmentMount(environmentFile)],
  };
  return hostConfig;
}

/** Resources in the engine's words. */
export function limits({ cpus, memoryMb, pids }: Resources) {
  const memory = Math.floor(memoryMb * MIB);
  // Swap is told together with memory: there is none.
  return { PidsLimit: pids, Memory: memory, MemorySwap: memory, NanoCpus: Math.round(cpus * 1e9) };
}

/** The inverse of `limits`. */
export function resourcesOf({ NanoCpus, Memory, PidsLimit }: HostConfig): Resources {
  return { cpus: (NanoCpus ?? 0) / 1e9, memoryMb: (Memory ?? 0) / MIB, pids: PidsLimit ?? 0 };
}

function volumeMounts(spec: HostConfigInput['spec']): MountSettings[] {
  return spec.volumes.map((volume) => ({
    Type: 'volume',
    Source: volume.name,
    Target: volume.target,
    ReadOnly: false,
    VolumeOptions: {
      NoCopy: spec.emptyVolumes ?? false,
      Labels: volumeLabels(spec.identity),
      DriverConfig: { Name: 'local', Options: {} },
    },
  }));
}

function environmentMount(file: string | null): MountSettings[] {
  if (file === null) return [];
  return [
    {
      Type: 'bind',
      Source: file,
      Target: ENVIRONMENT_TARGET,
      ReadOnly: true,
      BindOptions: { Propagation: 'rprivate' },
    },
  ];
}
