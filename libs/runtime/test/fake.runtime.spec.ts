import { FakeRuntime } from '../fake-runtime.js';
import { describeContract } from './contract.js';

describeContract('fake', async () => {
  const runtime = new FakeRuntime({ images: ['tiny:1'] });
  return {
    runtime,
    image: 'tiny:1',
    killOutside: async (id) => runtime.killOutside(id),
    removeOutside: async (id) => runtime.removeOutside(id),
    close: () => runtime.close(),
  };
});
