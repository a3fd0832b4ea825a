import { createHash } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

const MANIFEST_TYPE = 'application/vnd.docker.distribution.manifest.v2+json';

/** A registry on loopback with one image, `box/tiny:1`, of one layer. Docker takes loopback registries without TLS. */
export class SmallRegistry {
  private readonly content = new Map<string, { type: string; body: Buffer }>();
  private readonly server = http.createServer((request, response) => this.handle(request, response));

  static async open(layerBytes: number): Promise<SmallRegistry> {
    const registry = new SmallRegistry();
    await registry.fill(layerBytes);
    await new Promise<void>((resolve) => registry.server.listen(0, '127.0.0.1', resolve));
    return registry;
  }

  /** A reference under this registry. */
  ref(name: string): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}/${name}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async fill(layerBytes: number): Promise<void> {
    const archive = pack();
    archive.entry({ name: 'filler' }, createHash('shake256', { outputLength: layerBytes }).update('x').digest());
    archive.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of archive as AsyncIterable<Buffer>) chunks.push(chunk);
    const tar = Buffer.concat(chunks);
    const layer = this.addBlob(gzipSync(tar), 'application/vnd.docker.image.rootfs.diff.tar.gzip');
    const config = this.addBlob(
      Buffer.from(
        JSON.stringify({
          architecture: 'amd64',
          os: 'linux',
          config: {},
          rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
          history: [{ created: '2026-01-01T00:00:00Z' }],
        }),
      ),
      'application/vnd.docker.container.image.v1+json',
    );
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers: [layer] });
    const body = Buffer.from(manifest);
    this.content.set('/v2/box/tiny/manifests/1', { type: MANIFEST_TYPE, body });
    this.content.set(`/v2/box/tiny/manifests/${digestOf(body)}`, { type: MANIFEST_TYPE, body });
  }

  private addBlob(body: Buffer, mediaType: string): { mediaType: string; size: number; digest: string } {
    const digest = digestOf(body);
    this.content.set(`/v2/box/tiny/blobs/${digest}`, { type: 'application/octet-stream', body });
    return { mediaType, size: body.length, digest };
  }

  private handle(request: http.IncomingMessage, response: http.ServerResponse): void {
    const path = request.url ?? '';
    const found = path === '/v2/' ? { type: 'application/json', body: Buffer.from('{}') } : this.content.get(path);
    if (!found) {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] }));
      return;
    }
    response.writeHead(200, {
      'content-type': found.type,
      'content-length': found.body.length,
      'docker-content-digest': digestOf(found.body),
    });
    response.end(request.method === 'HEAD' ? undefined : found.body);
  }
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
