import type { testDocker } from '#testing';

export type Engine = ReturnType<typeof testDocker>;

export interface Execution {
  exitCode: number | null;
  output: string;
}

/** Runs a shell line inside a container as `docker exec` does, behind Berth's back. */
export async function execIn(docker: Engine, containerId: string, line: string): Promise<Execution> {
  const exec = await docker.getContainer(containerId).exec({
    Cmd: ['/bin/sh', '-c', line],
    AttachStdout: true,
    AttachStderr: true,
    // One plain stream instead of a multiplexed one.
    Tty: true,
  });
  const stream = await exec.start({ Tty: true });
  let output = '';
  for await (const chunk of stream) output += String(chunk);
  const { ExitCode } = await exec.inspect();
  return { exitCode: ExitCode, output: output.replaceAll('\r\n', '\n') };
}
