import type { ContainerCreateOptions } from 'dockerode';
import { buildHostConfig, ENVIRONMENT_TARGET } from './host-config.js';
import { containerLabels } from './labels.js';
import type { ContainerSpec } from './port.js';

/** 68 years; `infinity` is unknown to some implementations of sleep. */
export const IDLE_COMMAND = ['sleep', '2147483647'];

/** Whether the caller gave a main process, rather than Berth's idle command. */
export function hasOwnCommand(spec: Pick<ContainerSpec, 'command'>): spec is { command: string[] } {
  return spec.command !== null && spec.command.length > 0;
}

/** Whether an existing container runs Berth's idle command. */
export function isIdle(entrypoint: string | string[] | null | undefined): boolean {
  return Array.isArray(entrypoint) && entrypoint.join('\0') === IDLE_COMMAND.join('\0');
}

/** The body of the engine's create call. Holds no value of `env`. */
export function buildContainerConfig(
  spec: ContainerSpec,
  host: { networkName: string; environmentFile: string | null },
): ContainerCreateOptions {
  return {
    Hostname: spec.hostname,
    Image: spec.image,
    ...mainProcess(spec, host.environmentFile !== null),
    Labels: containerLabels(spec.identity),
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    OpenStdin: false,
    Tty: false,
    // An image's own check tests its own command, which does not run here.
    Healthcheck: { Test: ['NONE'] },
    HostConfig: buildHostConfig({ spec, networkName: host.networkName, environmentFile: host.environmentFile }),
  };
}

function mainProcess(
  spec: ContainerSpec,
  hasEnvironment: boolean,
): Pick<ContainerCreateOptions, 'Entrypoint' | 'Cmd' | 'StopSignal'> {
  // The image's stop signal suits its own command: sleep would ignore, say, SIGWINCH.
  if (!hasOwnCommand(spec)) return { Entrypoint: IDLE_COMMAND, Cmd: [], StopSignal: 'SIGTERM' };
  if (hasEnvironment) {
    return { Entrypoint: ['/bin/sh', '-c', `. ${ENVIRONMENT_TARGET} && exec "$@"`, 'sh'], Cmd: spec.command };
  }
  return { Entrypoint: spec.command.slice(0, 1), Cmd: spec.command.slice(1) };
}
