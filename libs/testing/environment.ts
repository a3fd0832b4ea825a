import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What `npm test` sets for the engines that it has started. A missing engine fails, it never skips a test. */
export function testEngine(name: 'DATABASE_URL' | 'REDIS_URL' | 'DOCKER_HOST'): string {
  const variable = `BERTH_TEST_${name}`;
  const value = process.env[variable];
  if (value) return value;
  throw new Error(
    `${variable} is not set. Run \`npm test -- <jest arguments>\`, which starts the engines and sets it.`,
  );
}

/** The project's own folder, the same from libs/ and from dist/libs/. */
export function projectRoot(): string {
  let dir = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(dir, 'package.json'))) dir = dirname(dir);
  return dir;
}
