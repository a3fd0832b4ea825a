import { describe, expect, test } from '@jest/globals';
import { volumesOf } from '../volumes.js';

const data = { name: 'berth-acme-alice-data', target: '/data' };
const spec = { name: 'berth-acme-alice-1', volumes: [data] };

describe('the volumes of a container', () => {
  test('are those of its spec where the image declares none', () => {
    expect(volumesOf(spec, [])).toEqual([data]);
  });

  test('have a name of their own for each declared path, the same for every incarnation', () => {
    const volumes = volumesOf(spec, ['/var/lib/db', '/cache']);
    expect(volumes.map(({ target }) => target)).toEqual(['/data', '/cache', '/var/lib/db']);
    for (const { name } of volumes.slice(1)) expect(name).toMatch(/^berth-acme-alice-data-[0-9a-f]{8}$/);
    expect(new Set(volumes.map(({ name }) => name)).size).toBe(3);
    expect(volumesOf({ ...spec, name: 'berth-acme-alice-2' }, ['/cache/', '/var/lib/../lib/db'])).toEqual(volumes);
  });

  test.each(['/data', '/data/', '//data', '/', '.'])('leave %s as it is', (path) => {
    expect(volumesOf(spec, [path])).toEqual([data]);
  });

  test('have a volume within another', () => {
    expect(volumesOf(spec, ['/data/db']).map(({ target }) => target)).toEqual(['/data', '/data/db']);
  });
});
