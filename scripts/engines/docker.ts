import Docker from 'dockerode';

export const DEFAULT_SOCKET = '/var/run/docker.sock';

/** A client of the Engine at `host`, written as in DOCKER_HOST; certificates are taken from the environment, as docker does. */
export function dockerAt(host: string): Docker {
  if (host.startsWith('unix://')) return new Docker({ socketPath: host.slice('unix://'.length) });
  if (host === process.env['DOCKER_HOST']) return new Docker();
  const url = new URL(host);
  return new Docker({ protocol: url.protocol === 'https:' ? 'https' : 'http', host: url.hostname, port: url.port });
}

export interface EngineAnswer {
  version: string;
  apiVersion: string;
}

/** The Engine's version, or what kept it from answering. */
export async function askEngine(host: string, timeoutMs = 3_000): Promise<EngineAnswer | { error: string }> {
  try {
    const abortSignal = AbortSignal.timeout(timeoutMs);
    // The signal is not enough: an Engine that hangs after its headers leaves the promise pending.
    const late = new Promise<never>((_, reject) =>
      abortSignal.addEventListener('abort', () => reject(new Error(`no answer within ${timeoutMs / 1000} s`))),
    );
    const version = await Promise.race([dockerAt(host).version(), late]);
    return { version: version.Version, apiVersion: version.ApiVersion };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Reads the JSON lines by which the Engine reports a pull or an import, to their end. A failure comes as such a line,
 * under a status of 200, and a stream that is cut off ends like one that is complete, so the caller looks for the image.
 */
export async function readReport(
  stream: NodeJS.ReadableStream,
  onLine: (line: { id?: string; status?: string; progressDetail?: { current?: number; total?: number } }) => void,
): Promise<void> {
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines.filter((text) => text.trim() !== '')) {
      const report = JSON.parse(line) as Parameters<typeof onLine>[0] & { error?: string };
      if (report.error) throw new Error(report.error);
      onLine(report);
    }
  }
}

export async function hasImage(docker: Docker, ref: string): Promise<boolean> {
  try {
    await docker.getImage(ref).inspect();
    return true;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return false;
    throw error;
  }
}
