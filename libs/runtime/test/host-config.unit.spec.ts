import { describe, expect, test } from '@jest/globals';
import { buildContainerConfig, isIdle } from '../container-config.js';
import { buildHostConfig } from '../host-config.js';
import type { ContainerSpec } from '../port.js';

const spec: ContainerSpec = {
  name: 'berth-t-b-1',
  hostname: 'b',
  image: 'tiny:1',
  command: null,
  env: {},
  resources: { cpus: 1.5, memoryMb: 256, pids: 100 },
  network: 'internet',
  identity: { tenantId: 't', botId: 'b', incarnation: 4, operationId: 'op' },
  volumes: [{ name: 'berth-t-b-data', target: '/data' }],
};
const host = { networkName: 'berth', environmentFile: null };

describe('host config', () => {
  test('is exactly what is allowed', () => {
    expect(buildHostConfig({ spec, ...host })).toMatchInlineSnapshot(`
     {
       "AutoRemove": false,
       "Binds": [],
       "CapAdd": [
         "CHOWN",
         "DAC_OVERRIDE",
         "FOWNER",
         "SETGID",
         "SETUID",
       ],
       "CapDrop": [
         "ALL",
       ],
       "CgroupnsMode": "private",
       "Devices": [],
       "Init": true,
       "IpcMode": "private",
       "LogConfig": {
         "Config": {
           "max-file": "3",
           "max-size": "10m",
         },
         "Type": "json-file",
       },
       "Memory": 268435456,
       "MemorySwap": 268435456,
       "Mounts": [
         {
           "ReadOnly": false,
           "Source": "berth-t-b-data",
           "Target": "/data",
           "Type": "volume",
           "VolumeOptions": {
             "DriverConfig": {
               "Name": "local",
               "Options": {},
             },
             "Labels": {
               "berth.bot": "b",
               "berth.managed": "true",
               "berth.tenant": "t",
             },
             "NoCopy": false,
           },
         },
       ],
       "NanoCpus": 1500000000,
       "NetworkMode": "berth",
       "OomKillDisable": false,
       "OomScoreAdj": 500,
       "PidMode": "",
       "PidsLimit": 100,
       "PortBindings": {},
       "Privileged": false,
       "PublishAllPorts": false,
       "ReadonlyRootfs": false,
       "RestartPolicy": {
         "MaximumRetryCount": 0,
         "Name": "unless-stopped",
       },
       "SecurityOpt": [
         "no-new-privileges:true",
       ],
       "ShmSize": 67108864,
       "UTSMode": "",
       "Ulimits": [
         {
           "Hard": 16384,
           "Name": "nofile",
           "Soft": 8192,
         },
         {
           "Hard": 0,
           "Name": "core",
           "Soft": 0,
         },
       ],
     }
    `);
  });

  test('has no network where none is wanted', () => {
    expect(buildHostConfig({ spec: { ...spec, network: 'none' }, ...host }).NetworkMode).toBe('none');
  });

  test('takes nothing from a spec but what it names', () => {
    const smuggled = { ...spec, Privileged: true, HostConfig: { Privileged: true }, Binds: ['/:/host'] };
    expect(buildHostConfig({ spec: smuggled, ...host })).toEqual(buildHostConfig({ spec, ...host }));
  });

  test('binds nothing of the host but the environment file, read-only', () => {
    const mounts = buildHostConfig({ spec, ...host, environmentFile: '/var/lib/berth/env/x' }).Mounts ?? [];
    expect(mounts.filter(({ Type }) => Type !== 'volume')).toEqual([
      {
        Type: 'bind',
        Source: '/var/lib/berth/env/x',
        Target: '/run/berth/env',
        ReadOnly: true,
        BindOptions: { Propagation: 'rprivate' },
      },
    ]);
  });
});

describe('container config', () => {
  test('idles where the caller gives no command', () => {
    const config = buildContainerConfig(spec, host);
    expect(config).toMatchObject({ Entrypoint: ['sleep', '2147483647'], Cmd: [], StopSignal: 'SIGTERM' });
    expect(isIdle(config.Entrypoint)).toBe(true);
    expect(isIdle(['sh'])).toBe(false);
    expect(isIdle(null)).toBe(false);
  });

  test("runs the caller's command as given", () => {
    const config = buildContainerConfig({ ...spec, command: ['node', 'main.js', '--x'] }, host);
    expect(config).toMatchObject({ Entrypoint: ['node'], Cmd: ['main.js', '--x'] });
  });

  test('reads the environment before the command, and holds none of its values', () => {
    const wanted = { ...spec, command: ['node', '-v'], env: { TOKEN: 'very-secret' } };
    const config = buildContainerConfig(wanted, { ...host, environmentFile: '/d/env/x' });
    expect(config.Entrypoint).toEqual(['/bin/sh', '-c', '. /run/berth/env && exec "$@"', 'sh']);
    expect(config.Cmd).toEqual(['node', '-v']);
    expect(JSON.stringify(config)).not.toContain('very-secret');
  });

  test('says whose it is', () => {
    expect(buildContainerConfig(spec, host).Labels).toEqual({
      'berth.managed': 'true',
      'berth.tenant': 't',
      'berth.bot': 'b',
      'berth.incarnation': '4',
      'berth.operation': 'op',
    });
  });
});
