import type Docker from 'dockerode';
import { Readable } from 'node:stream';
import tar from 'tar-stream';

/** Writes a file into a container in any state, behind Berth's back. */
export async function putFile(docker: Docker, containerId: string, path: string, text: string): Promise<void> {
  const pack = tar.pack();
  pack.entry({ name: path.replace(/^\/+/, '') }, text);
  pack.finalize();
  await docker.getContainer(containerId).putArchive(Readable.from(pack), { path: '/' });
}

/** What a file of a container in any state holds. */
export async function getFile(docker: Docker, containerId: string, path: string): Promise<string> {
  const stream = await docker.getContainer(containerId).getArchive({ path });
  const extract = stream.pipe(tar.extract());
  let text = '';
  for await (const entry of extract) for await (const chunk of entry) text += String(chunk);
  return text;
}

/** How many bytes it holds, without reading it. */
export async function sizeOf(docker: Docker, containerId: string, path: string): Promise<number> {
  const answer: unknown = await docker.getContainer(containerId).infoArchive({ path });
  const { headers } = answer as { headers: Record<string, string> };
  const stat = Buffer.from(headers['x-docker-container-path-stat'] ?? '', 'base64').toString();
  return (JSON.parse(stat) as { size: number }).size;
}
