import { describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { startRedis } from '../redis.js';

describe('startRedis', () => {
  it('comes back on the same port, empty, after a crash', async () => {
    const redis = await startRedis();
    const client = new Redis(redis.url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
    client.on('error', () => undefined);
    await client.set('a', '1');
    await redis.kill();
    await redis.restart();
    expect(await client.get('a')).toBeNull();
    client.disconnect();
    await redis.stop();
  });
});
