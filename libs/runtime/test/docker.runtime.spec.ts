import { afterAll, expect, test } from '@jest/globals';
import { describeContract } from './contract.js';
import { openDockerSuite, type DockerSuite } from './docker-suite.js';

let suite: DockerSuite;

describeContract('Docker', async () => {
  suite = await openDockerSuite();
  const { docker, runtime, image } = suite;
  return {
    runtime,
    image,
    killOutside: async (id) => {
      await docker.getContainer(id).kill();
    },
    removeOutside: async (id) => {
      await docker.getContainer(id).remove({ force: true });
    },
    close: () => suite.close(),
  };
});

afterAll(() => {
  expect(suite.hungCalls).toEqual([]);
});

test('leaves nothing behind', async () => {
  const { docker, networkName } = suite;
  await expect(docker.getNetwork(networkName).inspect()).rejects.toMatchObject({ statusCode: 404 });
});
