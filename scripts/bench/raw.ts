import type Docker from 'dockerode';

const MIB = 1024 * 1024;

/** The Docker calls that an operation makes, and nothing else: the floor. */
export class RawDocker {
  constructor(
    private readonly docker: Docker,
    private readonly image: string,
    private readonly network: string,
  ) {}

  /** As a create of Berth: image, volume, name, create, look. */
  async create(name: string, image = this.image): Promise<string> {
    await this.docker.getImage(image).inspect();
    const volume = `${name}-data`;
    await this.docker.createVolume({ Name: volume, Driver: 'local', Labels: { 'berth-bench': 'raw' } });
    await this.docker.getVolume(volume).inspect();
    const container = await this.docker.createContainer({
      name,
      Image: image,
      Entrypoint: ['sleep', '2147483647'],
      Cmd: [],
      Labels: { 'berth-bench': 'raw' },
      HostConfig: {
        Init: true,
        CapDrop: ['ALL'],
        CapAdd: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETUID'],
        SecurityOpt: ['no-new-privileges:true'],
        PidsLimit: 256,
        Memory: 512 * MIB,
        MemorySwap: 512 * MIB,
        NanoCpus: 1e9,
        Ulimits: [{ Name: 'nofile', Soft: 8_192, Hard: 16_384 }],
        LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
        RestartPolicy: { Name: 'unless-stopped' },
        NetworkMode: this.network,
        Mounts: [{ Type: 'volume', Source: volume, Target: '/data' }],
      },
    });
    await container.inspect();
    return container.id;
  }

  /** Look, act, look. */
  async start(id: string): Promise<void> {
    const container = this.docker.getContainer(id);
    await container.inspect();
    await container.start();
    await container.inspect();
  }

  async stop(id: string): Promise<void> {
    const container = this.docker.getContainer(id);
    await container.inspect();
    await container.stop({ t: 10 });
    await container.inspect();
  }

  async remove(name: string): Promise<void> {
    await this.docker.getContainer(name).remove({ force: true, v: true });
    await this.docker.getVolume(`${name}-data`).remove();
  }
}
