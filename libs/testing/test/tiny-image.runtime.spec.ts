import { describe, expect, it } from '@jest/globals';
import { testDocker } from '../docker.js';
import { ensureTinyImage } from '../tiny-image.js';

describe('ensureTinyImage', () => {
  it('makes an image that runs a shell and its tools', async () => {
    const docker = testDocker();
    const Image = await ensureTinyImage(docker);
    const container = await docker.createContainer({ Image, Cmd: ['sh', '-c', 'test "$(echo hi | rev)" = ih'] });
    await container.start();
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    await container.remove();
    expect(StatusCode).toBe(0);
  });
});
