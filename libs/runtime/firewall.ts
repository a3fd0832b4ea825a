import { access, readFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { runProgram } from './program.js';

/** Seconds to wait for the lock that every iptables on the host shares. */
const LOCK_SECONDS = '5';
const METADATA_RANGE = '169.254.0.0/16';

/** A chain of ours and the built-in one that jumps to it for packets from the bridge. */
interface Chain {
  name: string;
  parent: string;
  /** As `iptables -S` prints them, without `-A name`. */
  rules: string[];
}

/**
 * Keeps containers of a bridge from the host's own services and from link-local metadata addresses; established
 * traffic and the host's resolvers stay reachable. Cheap when nothing is missing: one listing per family.
 * Returns null, or why it could not be done.
 */
export async function assertFirewall(bridge: string): Promise<string | null> {
  try {
    // A worker with a network namespace of its own would write its rules where no container's packet passes.
    await access(`/sys/class/net/${bridge}`);
  } catch {
    return `the bridge ${bridge} is not in this process's network namespace`;
  }
  const resolvers = await readResolvers();
  try {
    const present = await listRules('iptables');
    await assertChains('iptables', bridge, present, chains(bridge, resolvers, present));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  // Containers have no IPv6 address and may not take one; this is the second lock on that door.
  await assertIpv6(bridge).catch(() => undefined);
  return null;
}

/** Removes what `assertFirewall` made. */
export async function removeFirewall(bridge: string): Promise<void> {
  for (const program of ['iptables', 'ip6tables']) {
    for (const line of await listRules(program).catch(() => [])) {
      if (line.startsWith('-A ') && isJump(line, bridge))
        await runFilter(program, line.replace(/^-A/, '-D').split(' '));
    }
    for (const chain of [inputChain(bridge), forwardChain(bridge)]) {
      await runFilter(program, ['-F', chain]).catch(() => undefined);
      await runFilter(program, ['-X', chain]).catch(() => undefined);
    }
  }
}

function inputChain(bridge: string): string {
  return `BERTH-IN-${bridge}`;
}

function forwardChain(bridge: string): string {
  return `BERTH-FW-${bridge}`;
}

function isJump(line: string, bridge: string): boolean {
  return line.includes(` -j ${inputChain(bridge)}`) || line.includes(` -j ${forwardChain(bridge)}`);
}

function chains(bridge: string, resolvers: string[], present: string[]): Chain[] {
  const dns = (address: string) =>
    ['udp', 'tcp'].map((protocol) => `-d ${address}/32 -p ${protocol} -m ${protocol} --dport 53 -j RETURN`);
  const linkLocal = resolvers.filter((address) => address.startsWith('169.254.'));
  return [
    {
      name: inputChain(bridge),
      parent: 'INPUT',
      rules: ['-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN', ...resolvers.flatMap(dns), '-j DROP'],
    },
    {
      name: forwardChain(bridge),
      // Docker keeps DOCKER-USER first in FORWARD; an engine with another firewall backend has none.
      parent: present.includes('-N DOCKER-USER') ? 'DOCKER-USER' : 'FORWARD',
      // Some clouds resolve names on a link-local address.
      rules: [...linkLocal.flatMap(dns), `-d ${METADATA_RANGE} -j DROP`],
    },
  ];
}

async function assertIpv6(bridge: string): Promise<void> {
  const chain: Chain = { name: inputChain(bridge), parent: 'INPUT', rules: ['-j DROP'] };
  await assertChains('ip6tables', bridge, await listRules('ip6tables'), [chain]);
}

async function assertChains(program: string, bridge: string, present: string[], wanted: Chain[]): Promise<void> {
  const script: string[] = [];
  for (const { name, parent, rules } of wanted) {
    const lines = rules.map((rule) => `-A ${name} ${rule}`);
    const found = present.filter((line) => line.startsWith(`-A ${name} `));
    // Declaring a chain empties it; the whole script is applied in one step.
    if (!present.includes(`-N ${name}`) || found.join('\n') !== lines.join('\n')) {
      script.push(`:${name} - [0:0]`, ...lines);
    }
    if (!present.includes(`-A ${parent} -i ${bridge} -j ${name}`))
      script.push(`-I ${parent} 1 -i ${bridge} -j ${name}`);
  }
  if (script.length === 0) return;
  const declarations = script.filter((line) => line.startsWith(':'));
  const commands = script.filter((line) => !line.startsWith(':'));
  const input = ['*filter', ...declarations, ...commands, 'COMMIT', ''].join('\n');
  await runProgram(`${program}-restore`, ['--noflush', '-w', LOCK_SECONDS], { input });
}

async function listRules(program: string): Promise<string[]> {
  return (await runFilter(program, ['-S'])).split('\n');
}

function runFilter(program: string, args: string[]): Promise<string> {
  return runProgram(program, ['-w', LOCK_SECONDS, ...args]);
}

/** IPv4 resolvers that the engine hands on to containers; loopback ones are asked by the engine itself. */
async function readResolvers(): Promise<string[]> {
  const files = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf'];
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  const addresses = texts.flatMap((text) => [...text.matchAll(/^nameserver\s+(\S+)/gm)].map((match) => match[1] ?? ''));
  return [...new Set(addresses)].filter((address) => isIPv4(address) && !address.startsWith('127.'));
}
