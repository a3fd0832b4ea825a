import { createHash } from 'node:crypto';
import type { NetworkInspectInfo } from 'dockerode';
import { DEADLINE_MS } from './deadline.js';
import type { EngineConnection } from './engine-connection.js';
import { RuntimeFailure } from './failure.js';
import { engineStatus, isTransportError } from './failures.js';
import { MANAGED_LABEL } from './labels.js';

const BRIDGE_OPTION = 'com.docker.network.bridge.name';
const ICC_OPTION = 'com.docker.network.bridge.enable_icc';
/** IFNAMSIZ without its terminator. */
const MAX_INTERFACE_NAME = 15;

export interface ManagedNetwork {
  /** The interface on the host. */
  bridge: string;
  warnings: string[];
}

/** The bridge's interface name: readable where it fits, hashed where it does not. */
export function bridgeName(networkName: string): string {
  const readable = `br-${networkName}`;
  if (readable.length <= MAX_INTERFACE_NAME && /^[A-Za-z0-9_.-]+$/.test(readable)) return readable;
  return `br-${createHash('sha256').update(networkName).digest('hex').slice(0, 12)}`;
}

/** Makes the bridge that containers share, with traffic between them off, or adopts the existing one. */
export async function ensureNetwork(engine: EngineConnection, name: string): Promise<ManagedNetwork> {
  const network = (await inspectNetwork(engine, name)) ?? (await createNetwork(engine, name));
  const warnings: string[] = [];
  if (network.Driver !== 'bridge') {
    throw new RuntimeFailure('docker_error', `The network ${name} is not a bridge; remove it or name another.`, {
      retryable: false,
    });
  }
  if (network.Labels?.[MANAGED_LABEL] !== 'true') {
    warnings.push(`The network ${name} was not made by Berth; other containers may share it.`);
  }
  if (network.Options?.[ICC_OPTION] !== 'false') {
    warnings.push(
      `Containers on the network ${name} reach each other. Remove it (docker network rm ${name}) and restart the worker to have it made anew.`,
    );
  }
  return { bridge: network.Options?.[BRIDGE_OPTION] ?? `br-${network.Id.slice(0, 12)}`, warnings };
}

async function inspectNetwork(engine: EngineConnection, name: string): Promise<NetworkInspectInfo | null> {
  try {
    return (await engine.call('network', { deadlineMs: DEADLINE_MS.network }, (abortSignal) =>
      engine.getJson(`/networks/${encodeURIComponent(name)}`, abortSignal),
    )) as NetworkInspectInfo;
  } catch (error) {
    if (engineStatus(error) === 404) return null;
    throw error;
  }
}

async function createNetwork(engine: EngineConnection, name: string): Promise<NetworkInspectInfo> {
  try {
    await engine.call('network', { deadlineMs: DEADLINE_MS.network }, (abortSignal) =>
      engine.docker.createNetwork({
        Name: name,
        CheckDuplicate: true,
        Driver: 'bridge',
        EnableIPv6: false,
        Options: { [BRIDGE_OPTION]: bridgeName(name), [ICC_OPTION]: 'false' },
        Labels: { [MANAGED_LABEL]: 'true' },
        abortSignal,
      }),
    );
  } catch (error) {
    // 409: somebody was faster. No answer: it may be there or not.
    if (engineStatus(error) !== 409 && !isTransportError(error)) throw error;
  }
  const made = await inspectNetwork(engine, name);
  if (made) return made;
  throw new RuntimeFailure('docker_error', `The network ${name} could not be made.`, { retryable: true });
}
