import { afterAll, expect } from '@jest/globals';
import { openDockerSuite, type DockerSuite } from './docker-suite.js';
import { describeImageContract } from './image-contract.js';

let suite: DockerSuite;

describeImageContract('Docker', async () => {
  suite = await openDockerSuite();
  const { docker, runtime, image } = suite;
  const imageWithVolume = `${image}-volume`;
  await declareVolume(image, imageWithVolume);
  return {
    runtime,
    image,
    imageWithVolume,
    writeFile: async (id, path, text) => {
      const written = await suite.exec(id, ['sh', '-c', 'printf %s "$1" > "$0"', path, text]);
      expect(written).toEqual({ exitCode: 0, output: '' });
    },
    readFile: async (id, path) => {
      const { exitCode, output } = await suite.exec(id, ['cat', path]);
      return exitCode === 0 ? output : null;
    },
    close: async () => {
      await docker.getImage(imageWithVolume).remove();
      await suite.close();
    },
  };
});

afterAll(() => {
  expect(suite.hungCalls).toEqual([]);
});

async function declareVolume(image: string, name: string): Promise<void> {
  const source = await suite.docker.createContainer({
    Image: image,
    Cmd: ['sh', '-c', 'mkdir /scratch && printf image > /scratch/of-the-image'],
    HostConfig: { NetworkMode: 'none' },
  });
  await source.start();
  await source.wait();
  const [repo, tag] = name.split(':');
  await source.commit({ repo, tag, changes: 'VOLUME /scratch' });
  await source.remove();
}
