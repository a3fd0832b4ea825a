import { FakeRuntime } from '../fake-runtime.js';
import { describeImageContract } from './image-contract.js';

describeImageContract('fake', async () => {
  const runtime = new FakeRuntime({ images: ['tiny:1'] });
  runtime.images.add('volume:1', { volumes: ['/scratch'], files: new Map([['/scratch/of-the-image', 'image']]) });
  return {
    runtime,
    image: 'tiny:1',
    imageWithVolume: 'volume:1',
    writeFile: async (id, path, text) => runtime.writeFile(id, path, text),
    readFile: async (id, path) => runtime.readFile(id, path),
    close: () => runtime.close(),
  };
});
