import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { removeFirewall } from '../firewall.js';
import { bridgeName } from '../network.js';
import type { ContainerSpec } from '../port.js';
import { EventLog } from './contract-helpers.js';
import { openDockerSuite, type DockerSuite } from './docker-suite.js';

const never = new AbortController().signal;
let suite: DockerSuite;

beforeAll(async () => {
  suite = await openDockerSuite();
  expect(await suite.runtime.prepareNode()).toEqual({ network: suite.networkName, hostFirewall: true, warnings: [] });
}, 30_000);
afterAll(() => suite.close(), 30_000);

async function started(parts: Partial<ContainerSpec> = {}): Promise<string> {
  const { id } = await suite.runtime.create(suite.specs.make(parts), never);
  await suite.runtime.start(id, never);
  return id;
}
/** Sends a request line and tells what came back. */
function dial(id: string, address: string, port: number): Promise<{ exitCode: number; output: string }> {
  return suite.exec(id, ['sh', '-c', `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 2 ${address} ${port}`]);
}
async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await holds())) if (Date.now() > deadline) throw new Error('It did not come to hold within 15 s.');
}
async function addressOf(id: string): Promise<string> {
  const info = await suite.docker.getContainer(id).inspect();
  return info.NetworkSettings.Networks[suite.networkName]?.IPAddress ?? '';
}

describe('seen from inside', () => {
  test('the process has few capabilities, no way to more, and a system call filter', async () => {
    const { output } = await suite.exec(await started(), ['cat', '/proc/self/status']);
    const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)$`, 'm').exec(output)?.[1];
    // CHOWN, DAC_OVERRIDE, FOWNER, SETGID, SETUID: bits 0, 1, 3, 6, 7.
    for (const set of ['CapEff', 'CapPrm', 'CapBnd']) expect(Number(`0x${field(set)}`)).toBe(0b1100_1011);
    expect(field('NoNewPrivs')).toBe('1');
    expect(field('Seccomp')).toBe('2');
  });

  test('it sees no process and no device of the host', async () => {
    const id = await started();
    expect((await suite.exec(id, ['cat', '/proc/1/comm'])).output).toMatch(/docker-init|tini/);
    const { output } = await suite.exec(id, ['ls', '/dev']);
    expect(output.split(/\s+/).filter((name) => /^(sd|vd|nvme|kvm|mem$|kmsg|loop)/.test(name))).toEqual([]);
    expect((await suite.exec(id, ['mknod', '/tmp/disk', 'b', '8', '0'])).exitCode).not.toBe(0);
    expect((await suite.exec(id, ['mount', '-t', 'tmpfs', 'x', '/tmp'])).exitCode).not.toBe(0);
  });

  test('processes are counted', async () => {
    const id = await started({ resources: { cpus: 1, memoryMb: 64, pids: 20 } });
    const { output } = await suite.exec(id, ['sh', '-c', 'for i in $(seq 40); do sleep 60 & done; echo done']);
    expect(output).toMatch(/fork/i);
    expect((await suite.runtime.stats(id, never)).pids).toBeLessThanOrEqual(20);
  }, 20_000);

  test('memory ends, and the death is told', async () => {
    const spec = suite.specs.make({ command: ['tail', '/dev/zero'] });
    const log = new EventLog(suite.runtime, { identity: spec.identity });
    await log.opened;
    const { id } = await suite.runtime.create(spec, never);
    await suite.runtime.start(id, never);
    expect(await log.until('die')).toMatchObject({ exitCode: 137 });
    expect(log.actions()).toContain('oom');
    // Each restart takes the flag back, so it is seen between two of them.
    await until(async () => (await suite.runtime.inspect(id))?.oomKilled === true);
    await suite.runtime.kill(id, never);
    await log.close();
  }, 30_000);
});

describe('the network', () => {
  test('lets no container reach another', async () => {
    const one = await started();
    const other = await started({ command: ['nc', '-ll', '-p', '8080', '-e', 'echo', 'hello'] });
    const address = await addressOf(other);
    expect(address).toMatch(/^\d+\./);
    // The neighbour does serve: it reaches itself.
    await until(async () => (await dial(other, address, 8080)).output.includes('hello'));
    expect((await dial(one, address, 8080)).exitCode).not.toBe(0);
    expect((await suite.exec(one, ['ping', '-c', '1', '-W', '1', address])).exitCode).not.toBe(0);
  }, 30_000);

  test('lets no container reach the host', async () => {
    const server = createServer((_request, response) => response.end('host'));
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
    try {
      const port = (server.address() as AddressInfo).port;
      const network = await suite.docker.getNetwork(suite.networkName).inspect();
      const gateway = network.IPAM?.Config?.[0]?.Gateway ?? '';
      expect(await (await fetch(`http://${gateway}:${port}/`)).text()).toBe('host');
      const own = Object.values(networkInterfaces())
        .flatMap((addresses) => addresses ?? [])
        .filter(({ family, internal }) => family === 'IPv4' && !internal)
        .map(({ address }) => address);
      const id = await started();
      for (const address of new Set([gateway, ...own.slice(0, 3)])) {
        const tried = await dial(id, address, port);
        expect(tried.exitCode).not.toBe(0);
        expect(tried.output).not.toContain('HTTP');
      }
      // It is the rules that keep it out: without them the host answers.
      await removeFirewall(bridgeName(suite.networkName));
      expect((await dial(id, gateway, port)).output).toContain('HTTP');
      await suite.runtime.prepareNode();
      expect((await dial(id, gateway, port)).output).not.toContain('HTTP');
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }, 30_000);

  test('resolves names through the engine', async () => {
    const { output } = await suite.exec(await started(), ['cat', '/etc/resolv.conf']);
    expect(output).toContain('nameserver 127.0.0.11');
  });

  test('is not there where none is wanted', async () => {
    const { output } = await suite.exec(await started({ network: 'none' }), ['ls', '/sys/class/net']);
    expect(output.trim()).toBe('lo');
  });

  test('asserts its rules again where somebody removed them', async () => {
    const rules = () =>
      execFileSync('iptables', ['-w', '5', '-S'])
        .toString()
        .split('\n')
        .filter((line) => line.includes(bridgeName(suite.networkName)) && line.includes('BERTH'));
    const before = rules();
    expect(before.length).toBeGreaterThanOrEqual(6);
    const bridge = bridgeName(suite.networkName);
    execFileSync('iptables', ['-w', '5', '-F', `BERTH-IN-${bridge}`]);
    execFileSync('iptables', ['-w', '5', '-D', 'DOCKER-USER', '-i', bridge, '-j', `BERTH-FW-${bridge}`]);
    await suite.runtime.prepareNode();
    expect(rules()).toEqual(before);
    await suite.runtime.prepareNode();
    expect(rules()).toEqual(before);
  });
});
